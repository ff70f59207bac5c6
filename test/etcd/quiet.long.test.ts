import { describeVersions } from '../support/versions.js'
import { quietTests } from './quiet.js'

describeVersions(quietTests)
