/** Writes `openapi/openapi.json`, the golden document that a test compares with the routes: `npm run openapi`. */
import { writeFile } from 'node:fs/promises'
import { drawDocument } from './document.ts'

// Programs run from dist/; the document lies beside their sources.
const path = new URL('../../openapi/openapi.json', import.meta.url)
await writeFile(path, await drawDocument())
