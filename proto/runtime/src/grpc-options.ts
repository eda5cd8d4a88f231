import type { ChannelOptions } from '@grpc/grpc-js';

/** Values of 64 MiB and what a message adds around them. */
const MAX_MESSAGE_BYTES = 72 * 2 ** 20;

/** For clients and servers alike. */
export const COMMON_OPTIONS: ChannelOptions = {
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  // HTTP/2's own window of 64 KiB takes twice as long for messages of megabytes (measured on loopback: 16 MiB there and back).
  'grpc-node.flow_control_window': 2 ** 20,
};

/** The metadata that carries a secret. */
export const AUTHORIZATION = 'authorization';
