/** Does to a simulated process what its life says, and counts what has really hit. */
import type { SeededRandom } from '../../packages/millrace/src/connectors/seeded-random.ts'
import type { Links } from '../../packages/millrace/src/runtime/links.ts'
import type { Operation } from '../../packages/millrace/src/simulate/faults.ts'
import type { Survival } from '../../packages/millrace/src/simulate/disk.ts'
import type { Machine } from '../../packages/millrace/src/simulate/machine.ts'
import type { SimulatedProcess } from '../../packages/millrace/src/simulate/process.ts'
import { simulatedLinks, type LinkTempo } from '../../packages/millrace/src/simulate/simulated-links.ts'
import type { Command } from './command.ts'
import { diskError, lostReply, slowDisk, type Injury } from './injury.ts'
import { cleanedFolder } from './outside.ts'
import type { Fault, PowerKind, When } from './plan.ts'
import type { FaultKind } from './kinds.ts'
import type { Stop } from './stops.ts'
import type { CommitTrouble } from './strict-sink.ts'

export type Process = SimulatedProcess<Machine>

/** One process that is running, for those who hurt it. */
export interface Patient {
  readonly process: Process
  command: Command | undefined
  /** It has got as far as records. */
  isRunning: boolean
  stop: Stop | undefined
  /** It has claimed the job, and no attempt has failed since. */
  isOwner: boolean
  /** Commits of the strict sink that go wrong: from the nth on, so many. */
  readonly commits: { readonly how: CommitTrouble; after: number; left: number }[]
  /** Where it could not remove a name, or not see what there is to remove. */
  readonly failedCleanups: Set<string>
  readonly injuries: Injury[]
  readonly points: ((point: string) => 'kill' | 'powerLoss' | undefined)[]
  links: Links | undefined
  /** After it checkpoints are given up; the usual if undefined. */
  timeoutMs: number | undefined
}

export interface Surgery {
  readonly machine: Machine
  readonly patient: Patient
  readonly random: SeededRandom
  readonly count: (kind: FaultKind) => void
  /** A poll of its source fails, the nth from now. */
  readonly failSource: (nth: number) => void
  readonly startRival: () => void
}

/** Before the process is started. */
export function inflict(fault: Fault, surgery: Surgery): void {
  const { machine, patient, random } = surgery
  const { process } = patient
  let hits = 0
  const hit = (): void => {
    hits++
    surgery.count(fault.kind)
  }
  switch (fault.kind) {
    case 'crash':
    case 'point':
      return at(fault.when, surgery, () => (hit(), 'kill'))
    case 'power':
    case 'torn':
    case 'unsynced':
    case 'names':
    case 'mixed':
      return at(fault.when, surgery, () => {
        hit()
        machine.survival = survivalOf(fault.kind, random)
        return 'powerLoss'
      })
    case 'twin':
      return twin(fault, surgery, hit)
    case 'pause':
      surgery.startRival()
      return at(fault.when, surgery, () => {
        hit()
        machine.pause(process, fault.forMs)
        return undefined
      })
    case 'rival':
      return later(surgery, fault.ms, () => {
        hit()
        surgery.startRival()
      })
    case 'links':
      patient.links = countedLinks(surgery, fault, (isSlow) => isSlow && hits === 0 && hit())
      return
    case 'stale':
      patient.links = countedLinks(surgery, { usualMs: fault.travelMs, slow: 0, slowMs: 0 }, (_isSlow, isStale) => isStale && hit())
      return later(surgery, fault.ms, () => surgery.failSource(fault.polls))
    case 'slow': {
      const endsMs = machine.nowMs + fault.forMs
      return void patient.injuries.push(slowDisk(fault, random, () => machine.nowMs > endsMs, hit))
    }
    case 'space':
    case 'short':
    case 'write':
    case 'sync':
    case 'read':
    case 'rename':
      return void patient.injuries.push(diskError(fault, random, (operation) => (noteCleanup(patient, operation), hit())))
    case 'refuse':
      return void patient.commits.push({ how: fault.how, after: fault.from - 1, left: fault.times })
    case 'reply':
      if (fault.where === 'output' || fault.where === 'all') patient.commits.push({ how: 'lost', after: fault.from - 1, left: fault.times })
      return void patient.injuries.push(lostReply(fault, hit))
    case 'timeout':
      patient.timeoutMs = fault.afterMs
      return
    case 'clock':
      return later(surgery, fault.ms, () => (hit(), machine.skewWallClock(fault.byMs)))
    case 'stop':
      return later(surgery, fault.ms, () => stop(fault, surgery, hit))
    case 'rot':
      throw new Error('rot has a life of its own')
  }
}

function twin({ when, loses }: Extract<Fault, { kind: 'twin' }>, surgery: Surgery, hit: () => void): void {
  at(when, surgery, () => {
    hit()
    if (loses === undefined) return 'kill'
    surgery.machine.survival = (_index, what) => (loses === 'names' && what === 'sector') || surgery.random.chance(0.5)
    return 'powerLoss'
  })
}

function noteCleanup({ failedCleanups }: Patient, { kind, path }: Operation): void {
  const folder = kind === 'unlink' || kind === 'list' ? cleanedFolder(path) : undefined
  if (folder !== undefined) failedCleanups.add(folder)
}

export function tellToStop(patient: Patient): void {
  patient.stop ??= { settledMs: undefined }
  patient.command?.signal('SIGTERM')
}

function stop({ againMs }: Extract<Fault, { kind: 'stop' }>, surgery: Surgery, hit: () => void): void {
  hit()
  tellToStop(surgery.patient)
  if (againMs !== undefined) later(surgery, againMs, () => surgery.patient.command?.signal('SIGINT'))
}

function at(when: When, surgery: Surgery, happen: () => 'kill' | 'powerLoss' | undefined): void {
  const { machine, patient } = surgery
  const { process } = patient
  switch (when.at) {
    case 'time':
      return later(surgery, when.ms, () => {
        const how = happen()
        if (how === 'kill') machine.kill(process)
        if (how === 'powerLoss') machine.losePower()
      })
    case 'point': {
      let passed = 0
      return void patient.points.push((point) => (point === when.point && ++passed === when.nth ? happen() : undefined))
    }
    case 'recovery': {
      let begun = 0
      return void patient.injuries.push(() => {
        if (patient.isRunning || ++begun !== when.nth) return undefined
        const how = happen()
        return how === undefined ? undefined : { kind: how, when: surgery.random.chance(0.5) ? 'before' : 'after' }
      })
    }
  }
}

/** An event of the machine that goes with the process, and keeps nothing going. */
function later({ machine, patient }: Surgery, afterMs: number, happen: () => void): void {
  machine.schedule(patient.process, { atMs: machine.nowMs + afterMs, label: 'fault', isIdle: true }, happen)
}

function survivalOf(kind: PowerKind, random: SeededRandom): Survival {
  if (kind === 'power') return 'all'
  if (kind === 'torn') return (_index, what) => what === 'name' || random.chance(0.5)
  if (kind === 'mixed') {
    const keeps = random.pick([0.2, 0.5, 0.8])
    return () => random.chance(keeps)
  }
  if (kind === 'unsynced') return (_index, what) => what === 'name'
  const keeps = random.pick([0, 0.5, 0.8])
  return (_index, what) => what === 'sector' || random.chance(keeps)
}

function countedLinks({ patient, random }: Surgery, tempo: LinkTempo, told: (isSlow: boolean, isStale: boolean) => unknown): Links {
  return simulatedLinks(patient.process, random, tempo, {
    carried: (isSlow) => told(isSlow, false),
    stale: () => told(false, true),
  })
}
