#pragma once

// From the configuration and the command line to what an audit is told. Errors: kUsage, naming the
// key or option. Any thread that owns the Reader.

#include "config/config.h"
#include "daemon/audit/options.h"
#include "daemon/cli/audit_command.h"
#include "store/reader.h"

namespace cli {

// With --db FILE and no --config no configuration is looked for: all is as by default.
store::Result<config::Config> audit_config(const GlobalOptions& globals);

store::Result<audit::Options> audit_options(const config::Config& config, const AuditArgs& args,
                                            store::Reader& reader);

}  // namespace cli
