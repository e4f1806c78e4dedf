/**
 * The door `millrace/host`: what runs a task elsewhere than on this thread. Unstable: it changes with the engine, without notice.
 * docs/design/host-frames.md specifies the frames.
 */
export { decodeFrame, encodeFrame, FRAME_VERSION, FrameSplitter, MAX_FRAME_BYTES, type HostFrame, type TaskFrame } from './task/frames.ts'
export type { BarrierReason, RecordBatch, StepResult, StreamElement, TaskHost, TaskSnapshot } from './task/messages.ts'
export { createSpecializer, type Specializer } from './task/specialize.ts'
export { TaskCore } from './task/task-core.ts'
export type { HostTime, OperatorRestore, RestoredRun, TaskChannel, TaskOptions, TaskOutput, TaskSpec } from './task/task-spec.ts'
export { physicalPlan, type PhysicalEdge, type PhysicalPlan, type PhysicalTask } from './plan/physical.ts'
export { buildChunk, readChunkBlocks, readChunkIndex, verifyChunk } from './state/chunk.ts'
