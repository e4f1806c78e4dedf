/** The door `millrace/testing`: tries whether an implementation keeps a contract. `nodeEnv()` is the `env` that its suites ask for. */
export { nodeEnv, type NodeEnvOptions } from './env/node-env.ts'
export type { ContractCase } from './testing/contract-case.ts'
export { ContractViolation } from './testing/contract-case.ts'
export { sinkSuite, type SinkSuiteOptions, type SinkUnderTest } from './testing/sink-suite.ts'
export { sourceSuite, type SourceSuiteOptions } from './testing/source-suite.ts'
export { storageSuite, type StorageSuiteOptions } from './testing/storage-suite.ts'
