import { describeNewest } from '../support/versions.js'
import { quietTests } from './quiet.js'

describeNewest(quietTests)
