#!/usr/bin/env node
process.stderr.write('igd-pcp: no command yet\n')
process.exitCode = 2
