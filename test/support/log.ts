/** The logger of services under test: silent, unless TEST_LOG_LEVEL asks to see what they say. */
import { pino } from 'pino'

export const serviceLog = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })
