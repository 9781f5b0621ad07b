#!/usr/bin/env node
import { COMMANDS } from './commands/commands.ts'
import { dispatch } from './commands/dispatch.ts'

/** The files of descriptors/ by name, which the build puts in. */
declare const __DESCRIPTORS__: Readonly<Record<string, string>>

process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  descriptors: new Map(Object.entries(__DESCRIPTORS__)),
  environment: process.env,
})
