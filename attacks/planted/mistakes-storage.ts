import { mistake, type Mistake } from './mistake.ts'

const COMMIT_AT_ONCE = `case 'store-manifest':
        for (const [sink, part] of Object.entries(action.manifest.operators)) if (part.kind === 'sink') void this.#options.committers.commit(sink, part.committables).catch(() => undefined)`

/** Files, the log, commits and retention. */
export const storageMistakes: readonly Mistake[] = [
  mistake('chunks and entries are not synced', 'D1, D3', 'connectors/durable.ts', 'await handle.sync()', ''),
  mistake('the folder of an entry is not synced', 'D2', 'connectors/directory-storage-open.ts', 'await folder.sync.sync()', ''),
  mistake('a part of a sink is acknowledged before its fsync', 'D1, K19', 'connectors/file-sink-part.ts', 'await this.#handle?.sync()', ''),
  mistake(
    'a part that stays open is not synced when it is sealed',
    'rules 1.13',
    'connectors/file-sink-writer.ts',
    'if (open !== undefined) this.#then(open, () => open.sync())',
    '',
  ),
  mistake(
    'a part that a writer has open is withdrawn with what is left over',
    'rules 1.13, K5',
    'connectors/file-sink-committer.ts',
    'const isKept = new Set([...kept.map(({ data }) => data), ...open].map(',
    'const isKept = new Set([...kept.map(({ data }) => data)].map(',
  ),
  mistake(
    'a part of an older epoch is forgotten when its writer opens',
    'K19',
    'connectors/file-sink-writer.ts',
    'for (const part of restored) await writer.#take(part)',
    'for (const part of restored.slice(1)) await writer.#take(part)',
  ),
  mistake(
    'the folder of committed files is not synced',
    'D2',
    'connectors/file-sink-committer.ts',
    'await this.#context.env.files.syncDirectory(this.#directory)',
    '',
  ),
  mistake(
    'a part goes on after it was sealed',
    'rules 1.4',
    'connectors/file-sink-writer.ts',
    'this.#part = undefined if (part === undefined) return',
    'if (part === undefined) return',
  ),
  mistake(
    'what dead writers left is not withdrawn',
    'K5',
    'connectors/file-sink-committer.ts',
    'if (partEpoch === undefined || partEpoch >= epoch || isKept.has(name)) continue',
    'if (partEpoch !== undefined) continue',
  ),
  mistake('a commit begins before the entry counts', 'K19, DESIGN 5.6', 'runtime/epoch-run.ts', "case 'store-manifest':", COMMIT_AT_ONCE),
  mistake(
    'what a restored checkpoint has not committed is forgotten',
    'K10',
    'checkpoint/coordinator.ts',
    'uncommitted: uncommittedOf(options.restored),',
    'uncommitted: {},',
  ),
  mistake(
    'what is not committed yet is not in the next checkpoint',
    'K19',
    'checkpoint/build-manifest.ts',
    'const committables = [...(request.uncommitted[address] ?? [])]',
    'const committables = [...(request.uncommitted[address] ?? [])].slice(0, 0)',
  ),
  mistake(
    '`finished` is written before the last commit',
    'FLIP-147',
    'checkpoint/coordinator.ts',
    'return then(commitNext(state), (next) => (next.committing === undefined',
    "return then(commitNext(state), (next) => (next.committing === undefined || next.stage === 'finishing'",
  ),
  mistake(
    'no second look after an entry was created',
    'rules 1.3',
    'checkpoint/log-owner.ts',
    'if (highest > pending.number) return fenced(owner)',
    'if (highest > pending.number) return confirmed(owner, pending, look)',
    'protocol: abort-pause',
  ),
  mistake(
    'an entry that is taken is written over: rename, not link',
    'rules 1.3',
    'connectors/directory-storage-open.ts',
    '!(await files.link(temporary, path))',
    '!(await files.rename(temporary, path).then(() => true))',
  ),
  mistake(
    'a taken number does not fence',
    'rules 1.3',
    'checkpoint/log-owner.ts',
    'if (pending.tries === 1) return fenced(owner)',
    'if (pending.tries === 1) return create(owner, { ...pending, number: pending.number + 1 })',
    'protocol: pause',
  ),
  mistake(
    'a chunk is deleted while a retained checkpoint names it',
    'D6',
    'checkpoint/retention.ts',
    'const count = (references[chunk] ?? 0) - 1',
    'const count = (references[chunk] ?? 0) - 2',
  ),
  mistake(
    'what an older checkpoint needs is not kept',
    'rules 1.3',
    'checkpoint/retention.ts',
    'const gone = state.retained.filter((checkpoint) => !needed.has(checkpoint.number))',
    'const gone = state.retained',
  ),
  mistake(
    'the newest entry but one is restored',
    'rules 1.1',
    'checkpoint/log-owner.ts',
    'latest: number, manifest: body.manifest }',
    'latest: latest !== null && kept.includes(latest) ? latest : number, manifest: body.manifest }',
  ),
  {
    name: 'a log that is gone is a job that has not begun',
    like: 'D5, LG6',
    edits: [
      {
        file: 'connectors/directory-storage-open.ts',
        find: 'if (numbers.length === 0 && isMarked) {',
        replace: 'if (numbers.length < 0) {',
      },
      {
        file: 'checkpoint/log-search.ts',
        find: 'if (beaten > (newest ?? 0)) return',
        replace: 'if (beaten > (newest ?? beaten)) return',
      },
      {
        file: 'checkpoint/log-search.ts',
        find: 'return chunks.found ? stop(lostLog(options)) : claim(search, undefined, seen)',
        replace: 'return claim(search, undefined, seen)',
      },
    ],
  },
  mistake(
    'an entry that could not be written counts',
    'D9, LG9',
    'checkpoint/log-owner.ts',
    'const { maxTries, pollMs } = owner.options if (pending.tries >= maxTries)',
    'const { maxTries, pollMs } = owner.options\n  if (pending.tries > 0) return confirmed(owner, pending, { numbers: [pending.number], beat: undefined, ownerAlive: undefined })\n  if (pending.tries >= maxTries)',
  ),
]
