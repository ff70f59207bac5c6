// gRPC's health service: a devserver that answers is healthy.

import { create } from '@bufbuild/protobuf'
import {
  type Health,
  HealthCheckResponse_ServingStatus as Serving,
  HealthCheckResponseSchema,
} from '../../etcd/wire/gen/health_pb.js'
import { refusals } from '../refusals.js'
import type { Handlers } from '../rpc.js'

export const healthHandlers: Handlers<typeof Health> = {
  check: ({ service }) => {
    if (service !== '') throw refusals.unknownHealthService()
    return create(HealthCheckResponseSchema, { status: Serving.SERVING })
  },

  watch: (out) => ({
    message: ({ service }) => {
      const status = service === '' ? Serving.SERVING : Serving.SERVICE_UNKNOWN
      out.send(create(HealthCheckResponseSchema, { status }))
    },
  }),
}
