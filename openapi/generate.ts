/**
 * Writes what is derived from the code and compared with it by tests: `openapi/openapi.json`, the golden document of the
 * routes, and the names in `docs/models.md`. `npm run openapi`.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { drawDocument } from './document.ts'
import { withNames } from './names.ts'

// Programs run from dist/; what they write lies beside their sources.
const document = new URL('../../openapi/openapi.json', import.meta.url)
const guide = new URL('../../docs/models.md', import.meta.url)
await writeFile(document, await drawDocument())
await writeFile(guide, withNames(await readFile(guide, 'utf8')))
