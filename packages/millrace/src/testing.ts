/** The door `millrace/testing`: tries whether an implementation keeps a contract. */
export type { ContractCase } from './testing/contract-case.ts'
export { ContractViolation } from './testing/contract-case.ts'
export { sinkSuite, type SinkSuiteOptions, type SinkUnderTest } from './testing/sink-suite.ts'
export { sourceSuite, type SourceSuiteOptions } from './testing/source-suite.ts'
export { storageSuite, type StorageSuiteOptions } from './testing/storage-suite.ts'
