/**
 * Real exactly-once bugs of streaming systems, as rules that an engine can break: each with a name, what it says in a sentence, and the
 * planted mistakes that break it here; or why none can.
 */
export interface Rule {
  readonly id: string
  readonly says: string
  /** Names of mistakes. */
  readonly mistakes: readonly string[]
  /** Why there is none. */
  readonly without?: string
}

const NO_KAFKA = 'no Kafka sink yet'
const NO_DATABASE = 'no database sink yet'

const rule = (id: string, says: string, ...mistakes: readonly string[]): Rule => ({ id, says, mistakes })
const none = (id: string, says: string, without: string): Rule => ({ id, says, mistakes: [], without })

export const catalogue: readonly Rule[] = [
  none('K1', 'A transaction that timed out while the job was down is never taken for committed.', NO_KAFKA),
  none('K2', 'A request that was delayed never joins a later transaction.', NO_KAFKA),
  none('K3', 'No transaction stays open for ever and stops its readers.', NO_KAFKA),
  none('K4', 'The transactions of aborted checkpoints are found again, also where their ids were used anew.', NO_KAFKA),
  rule(
    'K5',
    'What dead attempts have staged is withdrawn, and nothing else is.',
    'what dead writers left is not withdrawn',
    'a part that a writer has open is withdrawn with what is left over',
  ),
  rule('K6', 'A commit that failed is tried again, proven, or ends the job.', 'a commit that failed is taken for done'),
  none('K7', 'What a failed end leaves of a producer is not used again.', NO_KAFKA),
  none(
    'K8',
    'Writer and committer agree on who owns what was staged.',
    'a committable names a file and not a producer; no transaction is held open by a writer',
  ),
  rule('K9', 'The same checkpoint can be restored again and again.', 'a commit that is offered again cannot be proven'),
  rule(
    'K10',
    'A crash between checkpoint and commit, or between commit and reply, neither loses nor doubles.',
    'what a restored checkpoint has not committed is forgotten',
    'a commit whose reply was lost fails when it is made again',
  ),
  none('K11', 'Transactions may follow each other at once.', NO_KAFKA),
  none('K12', 'A slow broker does not make a producer fence itself.', NO_KAFKA),
  none('K13', 'Committed producers are let go.', `${NO_KAFKA}; files and memory over a thousand checkpoints: the attack retain`),
  rule(
    'K14',
    'A commit that succeeded and whose reply was lost is known again, by another process too.',
    'a commit whose reply was lost fails when it is made again',
    'a commit that is offered again cannot be proven',
  ),
  rule(
    'K15',
    'Whoever was replaced commits nothing: by what is stored, not by looking first.',
    'no second look after an entry was created',
    'an entry that is taken is written over: rename, not link',
    'a taken number does not fence',
    'nobody waits for the owner of a job',
  ),
  rule('K16', 'No two committables have one name.', 'parts of two subtasks get one final name'),
  rule('K17', 'Ids of checkpoints are never used twice.', 'ids of checkpoints are used again after a crash'),
  rule(
    'K18',
    'What an aborted checkpoint covered belongs to the next one, whole and in order.',
    'what was sealed for an aborted checkpoint is forgotten',
  ),
  rule(
    'K19',
    'What is not known to be committed is in the next checkpoint.',
    'what is not committed yet is not in the next checkpoint',
    'a part of an older epoch is forgotten when its writer opens',
  ),
  none('K20', 'Prepared transactions of a database are found again and ended.', NO_DATABASE),
  none('K21', 'A prepared transaction does not hold locks for ever.', NO_DATABASE),
  rule(
    'K22',
    'Parts that are being written survive any number of restores.',
    'a part goes on after it was sealed',
    'a part that stays open is not synced when it is sealed',
  ),
  rule(
    'B1',
    'Nothing is read past a barrier before the snapshot is taken.',
    'channels are not held back: barriers do not align',
    'a barrier overtakes records that wait for credits',
    'a barrier is taken in the middle of a batch',
    'a barrier comes between the keys of one firing',
  ),
  none(
    'B2',
    'A barrier of a checkpoint that is over has no effect.',
    'what would break it changes nothing that is seen: a channel that keeps an old barrier is released by the next one',
  ),
  rule('B3', 'Checkpoints of a task follow each other, one at a time.', 'a checkpoint begins while one is in flight'),
  none('B4', 'An edge does what was asked for, aligned or not.', 'all edges are aligned: there is no other mode'),
  rule(
    'B5',
    'Reports of an old attempt or of another checkpoint do not count.',
    'a report of an aborted checkpoint counts for the next',
    "a stale attempt's report counts",
  ),
  rule('B6', 'What a report says is that of the barrier, not of when it came.', 'the end of a task is judged by when its report comes'),
  rule(
    'B7',
    'What is in a snapshot does not change while it is written.',
    'a value changes under a snapshot: encode-first is dropped',
    'a mutable value: an accumulator changes in place under a snapshot',
    'an entry of a map changes under a snapshot',
    'a namespace is dropped before its slots are encoded',
    'a dropped namespace gives its slots back before a checkpoint holds the drop',
  ),
  none(
    'B8',
    'Work that was handed to another process is done before its barrier.',
    'operators run in the task itself; the frames of a foreign host: the attack host',
  ),
  rule(
    'B9',
    'Everything that has state is in the checkpoint.',
    'timers are not in the snapshot',
    'a write is not marked as dirty',
    'the drop of a namespace is in no snapshot',
    'a session that ends has no tombstone',
    'when a value expires is not stored',
    'sessions begin to count anew after a restore',
  ),
  none('B10', 'Who says that it runs has restored what queries may see.', 'state cannot be queried while a job runs'),
  rule('B11', 'A stop or the end of input neither loses nor doubles the tail.', '`finished` is written before the last commit'),
  none('B12', 'A savepoint counts as a checkpoint.', 'no savepoints yet: every checkpoint is one'),
  rule(
    'T1',
    'The watermark is part of the state.',
    'the watermark is not restored',
    'a restore forgets the floors of its key groups',
    'a checkpoint writes one watermark for key groups that are apart',
    'floors of key groups side by side become one',
    'floors are let go when the first of them is reached',
    'a floor covers the whole range of its subtask in the manifest',
    'while key groups are apart, what holds for one key is taken for the next',
  ),
  rule(
    'T2',
    'Restored timers and windows fire once, as they would have without the restore.',
    'restored timers are not put into the queue',
    'windows whose key group had passed them fire once more after a restore',
    'the windows of a restored operator are never scheduled',
    'the windows of restored slices are never scheduled',
    'the end of a restored window that had fired is registered again',
    'a restored session that had fired fires again when the watermark passes it',
  ),
  rule('T3', 'Of several inputs the lowest watermark counts.', 'the watermark of several inputs is the greatest'),
  rule(
    'T4',
    'Who is idle does not hold time back, who is not does.',
    'a split that was never read does not hold the watermark back',
    'a file that is ready is served before the one that holds the watermark back',
  ),
  none(
    'T5',
    'Any number of timers that are due fire.',
    'a pass over timers has no bound that it could stop at; it pauses for credits only',
  ),
  rule('T6', 'A restore into finished parts goes on to the end.', 'a split that has ended is read again after a restore'),
  rule('T7', 'A wall clock may jump.', 'what has expired is read once more'),
  rule('S1', 'Each split has one reader.', 'every subtask of a source owns every split'),
  none(
    'S2',
    'Every split is in every checkpoint.',
    'a source announces its splits anew when it is opened, so that one that was never read is found again',
  ),
  none(
    'S3',
    'Where reading begins is settled once and for all, before the first record.',
    'no built-in source begins at a place that moves; sources of others settle it in `open`: the source contract suite',
  ),
  none('S4', 'Nothing that comes while a source opens is skipped.', 'as S3'),
  rule('S5', 'Upstream is told only what is in a durable checkpoint.', 'upstream is told before the checkpoint exists'),
  rule('S6', 'A position changes together with the effect of what was read.', 'a position is taken before its batch is finished'),
  none('S7', 'Splits that are given back are read by others.', 'splits are owned for good, by their names: none is given back'),
  rule('S8', 'However a batch is cut, all of it is read.', 'what is left of a batch when a task has to wait is dropped'),
  none('S9', 'A replay gives each subtask what it had.', 'no log of steps is replayed: state is restored'),
  none('R1', 'Records in flight survive a change of parallelism.', 'no unaligned checkpoints: nothing is in flight'),
  none(
    'R2',
    'State that is empty or was never written can be restored.',
    'what nobody wrote has no block; restores at other parallelisms: the attacks state and oracle',
  ),
  rule(
    'R3',
    'A key belongs to the same key group everywhere.',
    'a key group is off by one at restore',
    'a restored drop takes the window from all key groups',
  ),
  none(
    'R4',
    'The ids of steps are the same in every process.',
    'ids of stateful steps are written by users; the others follow from the plan',
  ),
  none('R5', 'Local state is trusted only where a durable mark says so.', 'no local state outlives its process'),
  rule(
    'D1',
    'Nothing that was not synced is named by a checkpoint.',
    'chunks and entries are not synced',
    'a part of a sink is acknowledged before its fsync',
    'the task does not wait until its sinks are durable',
  ),
  rule(
    'D2',
    'A name is durable only when its folder was synced.',
    'the folder of an entry is not synced',
    'the folder of committed files is not synced',
  ),
  rule(
    'D3',
    'An entry is seen whole or not at all.',
    'an entry that is taken is written over: rename, not link',
    'chunks and entries are not synced',
  ),
  none(
    'D4',
    'What a writer hands over is used.',
    'a chunk that nobody reports cannot be in a manifest; floating promises are an error of lint',
  ),
  none(
    'D5',
    'A log that is gone is not a job that has not begun.',
    'three guards in a row: one that is missing changes nothing; files taken away one by one: the attack flip',
  ),
  rule('D6', 'On doubt nothing is deleted.', 'a chunk is deleted while a retained checkpoint names it'),
  rule('D7', 'What is missing is missed.', 'a chunk that is missing holds nothing'),
  rule(
    'D8',
    'What is damaged is refused.',
    'the checksum of a block of state is not looked at',
    'the checksum of an entry is not looked at',
  ),
  none(
    'D9',
    'What could not be written does not count.',
    'one guard alone does not suffice to break it: whoever cannot write an entry has given the log up, and its attempt ends',
  ),
  rule(
    'D10',
    'What older checkpoints need stays, and what is merged says the same.',
    'what an older checkpoint needs is not kept',
    'runs are restored newest first',
    'merging drops the deletions of a delta',
    'the short merge forgets deletions, though it makes no base',
    'merging keeps the first value, not the last',
    'merging forgets which windows were dropped',
    'a restored list forgets how much of it is durable',
    'what an aborted checkpoint held of the state is forgotten',
    'an aborted checkpoint forgets which namespaces it was to drop',
    'a migrated value is not written anew',
    'of a migrated list only what is appended is written anew',
  ),
  rule('D11', 'A damaged newest checkpoint is not skipped in silence.', 'the newest entry but one is restored'),
  rule('D12', 'Nothing is committed before its checkpoint is durable.', 'a commit begins before the entry counts'),
  rule(
    'D13',
    'Nothing is acknowledged before it is flushed.',
    'a part of a sink is acknowledged before its fsync',
    'upstream is told before the checkpoint exists',
  ),
  rule(
    'D14',
    'After an error of a write or an fsync a file is given up.',
    'an fsync that failed is taken for done',
    'a write that failed is taken for done',
    'a part of a sink that could not be written is taken for whole',
  ),
]
