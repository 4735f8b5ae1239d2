#pragma once

// Log lines as entries of the systemd journal, with fields that `journalctl FIELD=value` finds.
// Any thread. Sending never fails for the caller: where the journal is gone, the line is lost.

#include <string>
#include <string_view>
#include <vector>

namespace base {

// Whether standard error goes to the journal (systemd.exec(5), $JOURNAL_STREAM).
bool stderr_is_journal();

// MESSAGE, PRIORITY (a syslog level, 0 to 7), SYSLOG_IDENTIFIER and LOGGER, and from the tail of
// `what happened key=value key="some words"` SPACE_KEY, PAGE_ID, STATUS, RETRY_AFTER (seconds) and
// RUN_ID. The message is one line already.
std::vector<std::string> journal_fields(std::string_view logger, int priority,
                                        std::string_view message);
void send_to_journal(const std::vector<std::string>& fields);

}  // namespace base
