/** docs/planted.md, and its table in GUARANTEES.md: what was planted, which attack found it, and which kind of fault finds what alone. Written from a run, never by hand. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/attack.ts'
import { FAULT_KINDS, FAULT_WORDS, type FaultKind } from '../sim/kinds.ts'
import type { Alone } from './alone.ts'
import { catalogue, type Rule } from './catalogue.ts'
import { writeTable } from './guarantees.ts'
import type { Mistake } from './mistake.ts'

/** A mistake that was found. */
export interface Finding {
  readonly mistake: Mistake
  readonly by: string
  readonly seeds: number | undefined
}
export interface PageData {
  readonly seed: number
  readonly mistakes: readonly Mistake[]
  readonly findings: readonly Finding[]
  readonly alone: readonly Alone[]
}

export function writePage(data: PageData): string {
  const path = join(root, 'docs/planted.md')
  const page = pageOf(data)
  writeFileSync(path, page)
  writeTable(page)
  return path
}

export function pageOf({ seed, mistakes, findings, alone }: PageData): string {
  const byName = new Map(findings.map((finding) => [finding.mistake.name, finding]))
  const mapped = new Set(catalogue.flatMap((rule) => rule.mistakes))
  const others = mistakes.filter(({ name }) => !mapped.has(name))
  return [
    '# Planted mistakes',
    '',
    'Attacks are worth what they find. So mistakes are made in copies of the source, one by one, and each has to turn an attack red that is',
    `green without it. This page is what \`npm run attack -- planted --page 1 --seed ${seed}\` wrote: ${findings.length} of ${mistakes.length} found.`,
    '',
    '*Seeds* says how many random histories or cases the attack went through until it found the mistake. A dash: it is no matter of chance,',
    'as everything is looked at.',
    '',
    '## By rule',
    '',
    `Bugs that real streaming systems have had, as rules. ${mapped.size} of the mistakes break one of them.`,
    '',
    '| rule | what it says | mistake | found by | seeds |',
    '| --- | --- | --- | --- | --- |',
    ...catalogue.flatMap((rule) => rowsOf(rule, byName)),
    '',
    '## Beyond the catalogue',
    '',
    'Mistakes about rules of this engine and of [its semantics](semantics.md).',
    '',
    '| mistake | found by | seeds |',
    '| --- | --- | --- |',
    ...others.map(({ name }) => `| ${name} | ${foundText(byName.get(name))} |`),
    '',
    '## By kind of fault',
    '',
    'What the simulator does to a job, and what each kind finds if there is no other: so many seeds until it was found. These mistakes were',
    'tried with each kind alone, with a few seeds; all are found when the kinds come together.',
    '',
    '| fault | what happens | finds alone |',
    '| --- | --- | --- |',
    ...FAULT_KINDS.map((kind) => `| \`${kind}\` | ${FAULT_WORDS[kind]} | ${aloneText(kind, alone)} |`),
    '',
    ownText(alone, findings),
    '',
  ].join('\n')
}

function rowsOf({ id, says, mistakes, without }: Rule, byName: ReadonlyMap<string, Finding>): string[] {
  if (without !== undefined) return [`| ${id} | ${says} | none: ${without} | | |`]
  return mistakes.map(
    (name, index) => `| ${index === 0 ? id : ''} | ${index === 0 ? says : ''} | ${name} | ${foundText(byName.get(name))} |`,
  )
}

function foundText(finding: Finding | undefined): string {
  return finding === undefined ? '**not found** | ' : `\`${finding.by}\` | ${finding.seeds ?? '–'}`
}

function aloneText(kind: FaultKind, alone: readonly Alone[]): string {
  const found = alone.filter((each) => each.found[kind] !== undefined)
  if (found.length > 0)
    return found.map(({ mistake, found: by }) => `${mistake} (${by[kind]})${isOwn(by, kind) ? ', as the only kind' : ''}`).join('; ')
  return 'nothing of these'
}

function isOwn(found: Alone['found'], kind: FaultKind): boolean {
  return Object.keys(found).length === 1 && found[kind] !== undefined
}

/** What else does what they do. */
const COVERED: Readonly<Partial<Record<FaultKind, string>>> = {
  links: 'what it delays and lets overtake, `stale` brings into the next attempt, and `pause` and `slow` hold back for longer',
  slow: 'what comes too late also does with `pause` and `timeout`',
  read: 'what it does to a job, an attempt that fails and a restore, `stale`, `write` and `timeout` do too',
  rename: 'what it does to a job, an attempt that fails and a restore, `stale`, `write` and `timeout` do too',
}

function coverText(kind: FaultKind, findings: readonly Finding[]): string {
  const found = findings.filter(({ by }) => by === `sim: ${kind}`).map(({ mistake }) => mistake.name)
  if (found.length > 0) return `of those above it finds by itself: ${found.join('; ')}`
  return `found nothing of these by itself; ${COVERED[kind] ?? 'nothing else is known to cover it'}`
}

/** Kinds that find nothing which others miss. */
function ownText(alone: readonly Alone[], findings: readonly Finding[]): string {
  const own = FAULT_KINDS.filter((kind) => alone.some(({ found }) => isOwn(found, kind)))
  const shared = FAULT_KINDS.filter((kind) => !own.includes(kind))
  const covers = shared.map((kind) => {
    const others = new Set(
      alone.filter(({ found }) => found[kind] !== undefined).flatMap(({ found }) => Object.keys(found).filter((other) => other !== kind)),
    )
    return `\`${kind}\`: ${others.size === 0 ? coverText(kind, findings) : [...others].map((other) => `\`${other}\``).join(', ')}`
  })
  return [
    `${own.length} kinds have a mistake that no other kind found: ${own.map((kind) => `\`${kind}\``).join(', ')}. Of the others, what they found was also found by:`,
    '',
    ...covers.map((line) => `- ${line}`),
  ].join('\n')
}
