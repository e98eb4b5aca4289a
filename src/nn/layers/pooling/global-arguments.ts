/** What the pools over all places share. */
import { Switch } from '../../strict.ts'
import { DataFormatArgument } from '../spatial-arguments.ts'

export const globalArguments = {
  data_format: DataFormatArgument,
  keepdims: Switch(false, 'Keeps the axes of places, with length 1'),
}

/** ONNX's spelling of a switch. */
export const flag = (on: boolean): 0 | 1 => (on ? 1 : 0)
