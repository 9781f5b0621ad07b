#!/usr/bin/env node
import { COMMANDS } from './commands/commands.ts'
import { dispatch } from './commands/dispatch.ts'

process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  descriptors: new URL('../descriptors/', import.meta.url),
  environment: process.env,
})
