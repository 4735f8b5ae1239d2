#pragma once

// One connection: reads requests one after the other, answers them, and plays the faults. Lives on
// the connection's strand; the state must outlive the io_context.

#include <boost/asio/ip/tcp.hpp>

#include "tests/site/state.h"

namespace site {

void start_session(State& state, boost::asio::ip::tcp::socket socket);

}  // namespace site
