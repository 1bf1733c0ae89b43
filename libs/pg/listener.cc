#include "libs/pg/listener.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/base/status.h"
#include "libs/obs/log.h"
#include "libs/pg/connection.h"
#include "libs/runtime/thread_pool.h"

namespace agentflow::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kConnectSeconds[] = "3";
constexpr char kUnansweredMillis[] = "3000";

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Session = std::unique_ptr<PGconn, Finish>;

// libpq would write them to stderr, between the lines of the log.
void IgnoreNotice(void*, const PGresult*) {}

}  // namespace

struct Listener::Impl {
  Impl(ListenerOptions given, std::function<void()> look)
      : options(std::move(given)), look(std::move(look)), stop(eventfd(0, EFD_CLOEXEC)) {
    AF_CHECK(stop >= 0);
    thread = std::thread([this] { Loop(); });
  }
  ~Impl() {
    eventfd_write(stop, 1);
    thread.join();
    close(stop);
  }

  void Loop() {
    runtime::NameThread("pg-listener");
    do {
      if (session == nullptr) Listen();
      look();
    } while (Await());
  }

  // Leaves `session` null where the server cannot be reached.
  void Listen() {
    std::string url = WithSetting(options.url, "connect_timeout", kConnectSeconds);
    url = WithSetting(url, "application_name", options.name);
    url = WithSetting(url, "tcp_user_timeout", kUnansweredMillis);
    session.reset(PQconnectdb(url.c_str()));
    if (PQstatus(session.get()) == CONNECTION_OK) {
      PQsetNoticeReceiver(session.get(), IgnoreNotice, nullptr);
      PGresult* done = PQexec(session.get(), ("LISTEN " + options.channel).c_str());
      const bool listening = PQresultStatus(done) == PGRES_COMMAND_OK;
      PQclear(done);
      if (listening) return;
    }
    obs::Warn("not listening to the database; looking often instead",
              {{"channel", options.channel}, {"error", PQerrorMessage(session.get())}});
    session.reset();
  }

  // Until there may be news. False: stopped.
  bool Await() {
    const auto until = steady_clock::now() + (session == nullptr ? options.away : options.quiet);
    while (true) {
      const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
      if (left.count() <= 0) return true;
      pollfd waits[] = {{.fd = stop, .events = POLLIN, .revents = 0},
                        {.fd = PQsocket(session.get()), .events = POLLIN, .revents = 0}};
      (void)poll(waits, session == nullptr ? 1 : 2, static_cast<int>(left.count()));
      if (waits[0].revents != 0) return false;
      if (waits[1].revents != 0 && Told()) return true;
    }
  }

  // Takes in what came. A lost session is news as well: what it would have told must be looked for.
  bool Told() {
    if (PQconsumeInput(session.get()) != 1) {
      session.reset();
      return true;
    }
    bool told = false;
    while (PGnotify* notice = PQnotifies(session.get())) {
      PQfreemem(notice);
      told = true;
    }
    return told;
  }

  const ListenerOptions options;
  const std::function<void()> look;
  const int stop;
  Session session;
  std::thread thread;
};

Listener::Listener(ListenerOptions options, std::function<void()> look)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(look))) {}
Listener::~Listener() = default;

}  // namespace agentflow::pg
