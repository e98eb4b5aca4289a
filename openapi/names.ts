/** The lists of names in `docs/models.md`, as the tables of the model language have them. */
import { activations } from '../src/nn/activations.ts'
import { constraints } from '../src/nn/constraints/index.ts'
import { initializers } from '../src/nn/initializers/index.ts'
import { layers } from '../src/nn/layers/index.ts'
import { losses } from '../src/nn/losses/index.ts'
import { metrics } from '../src/nn/metrics/index.ts'
import { optimizers } from '../src/nn/optimizers/index.ts'
import { regularizers } from '../src/nn/regularizers/index.ts'
import { schedules } from '../src/nn/schedules/index.ts'

const tables = {
  Layers: layers,
  Activations: activations,
  Losses: losses,
  Metrics: metrics,
  Optimizers: optimizers,
  'Learning rates': schedules,
  Initializers: initializers,
  Regularizers: regularizers,
  Constraints: constraints,
}

const block = /(<!-- names: .*? -->\n).*?(<!-- \/names -->)/s

/** The guide with its lists as they are now. Throws where it has no place for them. */
export function withNames(guide: string): string {
  if (!block.test(guide)) throw new Error('docs/models.md has no <!-- names: … --> … <!-- /names -->')
  const lists = Object.entries(tables).map(([title, table]) => {
    const names = Object.keys(table).map((name) => `\`${name}\``)
    return `**${title}**: ${names.join(', ')}.\n`
  })
  return guide.replace(block, (_whole, start: string, end: string) => `${start}\n${lists.join('\n')}\n${end}`)
}
