/** The curves of a training as an SVG picture: one panel a measure, training solid, validation dashed, light and dark. */
import type { Curve, Point } from './history.ts'

const panel = { width: 440, height: 300, left: 62, right: 20, top: 52, bottom: 44 }
const plot = {
  width: panel.width - panel.left - panel.right,
  height: panel.height - panel.top - panel.bottom,
}
const headerHeight = 58
const margin = 16
/** Of the 11 px text, on the wide side. */
const letterWidth = 5.8

/** Colours by media query, so that the picture suits a light and a dark page alike. */
const style = `
  .paper { fill: #ffffff } .panel { fill: #fbfcfe; stroke: #e3e8ef }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #475569; font-size: 11px }
  .title { font-size: 16px; font-weight: 600; fill: #0f172a } .subtitle { font-size: 12px; fill: #64748b }
  .measure { font-size: 13px; font-weight: 600; fill: #0f172a } .grid { stroke: #e8edf3 } .axis { stroke: #cbd5e1 }
  .train { stroke: #2563eb } .validation { stroke: #ea580c; stroke-dasharray: 6 4 }
  .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
  .dot.train { fill: #2563eb; stroke: none } .dot.validation { fill: #ea580c; stroke: none }
  .best { stroke: #94a3b8; stroke-dasharray: 2 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0b1220 } .panel { fill: #111a2c; stroke: #23304a } text { fill: #a3b1c6 }
    .title, .measure { fill: #f1f5f9 } .subtitle { fill: #94a3b8 } .grid { stroke: #1e2a42 } .axis { stroke: #3b4a66 }
    .train { stroke: #60a5fa } .validation { stroke: #fb923c }
    .dot.train { fill: #60a5fa } .dot.validation { fill: #fb923c }
  }`

/** What the picture says beside its curves. */
export interface ChartText {
  readonly title: string
  readonly subtitle: string
  /** The epoch whose weights were kept, marked in every panel. */
  readonly bestEpoch: number | null
}

/** Draws the curves, two panels a row. Without any epoch it says so. */
export function drawCurves(curves: readonly Curve[], text: ChartText): string {
  const shown = curves.filter((curve) => curve.train.length + curve.validation.length > 0)
  const columns = Math.max(1, Math.min(2, shown.length))
  const lines = Math.max(1, Math.ceil(shown.length / columns))
  const width = columns * (panel.width + margin) + margin
  const height = headerHeight + lines * (panel.height + margin)
  const place = (index: number) =>
    `translate(${margin + (index % columns) * (panel.width + margin)} ${headerHeight + Math.floor(index / columns) * (panel.height + margin)})`
  const panels = shown.map((curve, index) => `<g transform="${place(index)}">${drawPanel(curve, text.bestEpoch)}</g>`)
  const none = `<text class="subtitle" x="${width / 2}" y="${height / 2}" text-anchor="middle">No epoch has finished yet</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeText(text.title)}</title>
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="title" x="${margin}" y="28">${escapeText(text.title)}</text>
<text class="subtitle" x="${margin}" y="46">${escapeText(text.subtitle)}</text>
${panels.length > 0 ? panels.join('\n') : none}
</svg>
`
}

function drawPanel(curve: Curve, bestEpoch: number | null): string {
  const points = [...curve.train, ...curve.validation]
  const epochs = points.map((point) => point.epoch)
  const values = points.map((point) => point.value)
  const yTicks = ticks(Math.min(...values), Math.max(...values), 5)
  const bottom = yTicks[0] ?? 0
  const top = yTicks.at(-1) ?? 1
  const first = Math.min(...epochs)
  const last = Math.max(...epochs)
  const x = (epoch: number) => panel.left + (last === first ? 0.5 : (epoch - first) / (last - first)) * plot.width
  const y = (value: number) => panel.top + plot.height - ((value - bottom) / (top - bottom)) * plot.height
  const axes = [
    ...yTicks.map((tick) => horizontal(y(tick), numberText(tick), tick === bottom ? 'axis' : 'grid')),
    ...epochTicks(first, last).map((tick) => bottomLabel(x(tick), String(tick))),
    bottomLabel(panel.left + plot.width / 2, 'epoch', 34),
  ]
  const marker = bestEpoch !== null && bestEpoch >= first && bestEpoch <= last ? drawBest(x(bestEpoch), bestEpoch) : ''
  return [
    `<rect class="panel" width="${panel.width}" height="${panel.height}" rx="8"/>`,
    `<text class="measure" x="16" y="26">${escapeText(curve.measure.replaceAll('_', ' '))}</text>`,
    ...axes,
    marker,
    drawCurve(curve.train, 'train', x, y),
    drawCurve(curve.validation, 'validation', x, y),
    drawLegend(curve),
  ].join('')
}

function horizontal(y: number, label: string, kind: 'axis' | 'grid'): string {
  const line = `<line class="${kind}" x1="${panel.left}" x2="${panel.left + plot.width}" y1="${round(y)}" y2="${round(y)}"/>`
  return `${line}<text x="${panel.left - 8}" y="${round(y + 4)}" text-anchor="end">${label}</text>`
}

function bottomLabel(x: number, label: string, below = 18): string {
  return `<text x="${round(x)}" y="${panel.top + plot.height + below}" text-anchor="middle">${label}</text>`
}

function drawBest(x: number, epoch: number): string {
  const anchor = x > panel.left + plot.width * 0.8 ? 'end' : 'start'
  const shift = anchor === 'end' ? -4 : 4
  return `<line class="best" x1="${round(x)}" x2="${round(x)}" y1="${panel.top}" y2="${panel.top + plot.height}"/><text x="${round(x + shift)}" y="${panel.top - 4}" text-anchor="${anchor}">best: epoch ${epoch}</text>`
}

type Scale = (value: number) => number

function drawCurve(points: readonly Point[], part: 'train' | 'validation', x: Scale, y: Scale): string {
  const places = points.map((point) => `${round(x(point.epoch))} ${round(y(point.value))}`)
  if (places.length === 0) return ''
  const [only] = points
  if (places.length === 1 && only) {
    return `<circle class="dot ${part}" cx="${round(x(only.epoch))}" cy="${round(y(only.value))}" r="4"/>`
  }
  return `<path class="curve ${part}" d="M${places.join('L')}"/>`
}

/** Top right: the parts that are there, each with its last value. */
function drawLegend(curve: Curve): string {
  const parts = (['validation', 'train'] as const).filter((part) => curve[part].length > 0)
  let right = panel.width - panel.right
  return parts
    .map((part) => {
      const label = `${part} ${numberText(curve[part].at(-1)?.value ?? 0)}`
      const text = `<text x="${right}" y="26" text-anchor="end">${label}</text>`
      const x = right - label.length * letterWidth - 30
      right = x - 18
      return `<line class="curve ${part}" x1="${round(x)}" x2="${round(x + 22)}" y1="22" y2="22"/>${text}`
    })
    .join('')
}

/** About `count` round numbers (1, 2 or 5 times a power of ten apart) that enclose low and high. */
export function ticks(low: number, high: number, count: number): number[] {
  const span = high - low || Math.abs(high) || 1
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const first = Math.floor(low / step)
  const last = Math.max(Math.ceil(high / step), first + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}

/** Whole epochs only, from the first to the last. */
function epochTicks(first: number, last: number): number[] {
  const inside = ticks(first, last, 6).filter((tick) => Number.isInteger(tick) && tick > first && tick <= last)
  return [first, ...inside.filter((tick) => tick - first > (last - first) / 12)]
}

function numberText(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  return size >= 1e5 || size < 1e-3
    ? Number(value.toPrecision(3)).toExponential().replace('e+', 'e')
    : String(Number(value.toPrecision(4)))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
