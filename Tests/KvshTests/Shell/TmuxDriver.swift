import Foundation

/// The real program in tmux: what a pseudo-terminal cannot tell, tmux shows as it would stand on a screen.
final class TmuxDriver {
  private let socket = "kvsh-tests-" + UUID().uuidString
  private let tmux: String
  private let environment: [String: String]

  /// - Throws: `TerminalDriver.Failure` if there is no tmux, which scripts/setup --tests installs.
  init(_ command: String, environment: [String: String], columns: Int = 80, rows: Int = 24) throws {
    let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    guard let tmux = folders.map({ String($0) + "/tmux" }).first(where: { access($0, X_OK) == 0 }) else {
      throw TerminalDriver.Failure(description: "there is no tmux on the PATH: run scripts/setup --tests")
    }
    self.tmux = tmux
    var environment = environment
    for name in ["TMUX", "COLORTERM"] { environment[name] = nil }
    environment["TERM"] = "xterm-256color"
    self.environment = environment
    try call(["-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", command])
  }

  deinit { _ = try? call(["kill-server"]) }

  /// Runs a command of tmux; what it prints. Not by `Process`, which waits for every child of its child.
  @discardableResult
  private func call(_ arguments: [String]) throws -> String {
    let file = NSTemporaryDirectory() + socket
    defer { unlink(file) }
    #if canImport(Glibc)
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #else
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // Threads of a test run block signals, and a child inherits that.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = ([tmux, "-L", socket] + arguments).map { strdup($0) } + [nil]
    let settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + settings { free(word) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, tmux, &actions, &attributes, words, settings)
    guard code == 0 else {
      throw TerminalDriver.Failure(description: "cannot start \(tmux): \(String(cString: strerror(code)))")
    }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
  }

  /// Types a text.
  func type(_ text: String) throws { try call(["send-keys", "-l", text]) }

  /// Presses keys by tmux's names: `Enter`, `C-c`, `Left`.
  func press(_ keys: String...) throws { try call(["send-keys"] + keys) }

  func resize(columns: Int, rows: Int) throws { try call(["resize-window", "-x", "\(columns)", "-y", "\(rows)"]) }

  /// The rows of the screen without trailing blanks and empty rows.
  func screen(colours: Bool = false) throws -> [String] {
    var rows = try call(["capture-pane", "-p"] + (colours ? ["-e"] : [])).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map { row in String(row.reversed().drop { $0 == " " }.reversed()) }
    while rows.last?.isEmpty ?? false { rows.removeLast() }
    return rows
  }

  /// Column and row of the cursor, from 0.
  func cursor() throws -> [Int] {
    try call(["display-message", "-p", "#{cursor_x} #{cursor_y}"]).split(whereSeparator: \.isWhitespace)
      .compactMap { Int($0) }
  }

  /// Waits until the screen is as wanted; returns it.
  @discardableResult
  func wait(_ what: String, _ isReached: ([String]) throws -> Bool) throws -> [String] {
    let deadline = Date().addingTimeInterval(TerminalDriver.patienceSeconds)
    var rows: [String] = []
    while Date() < deadline {
      rows = try screen()
      if try isReached(rows) { return rows }
      usleep(20_000)
    }
    throw TerminalDriver.Failure(description: "\(what) was not shown; the screen:\n\(rows.joined(separator: "\n"))")
  }

  /// Waits until the last rows of the screen are these and the cursor stands there.
  func wait(for rows: [String], cursor: [Int]) throws {
    try wait("\(rows) with the cursor at \(cursor)") { shown in
      try Array(shown.suffix(rows.count)) == rows && self.cursor() == cursor
    }
  }
}
