import Foundation

/// A program in a real pseudo-terminal, driven by keys and read by polling for text.
final class TerminalDriver {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// For a machine under load; a test that passes never waits that long.
  static let patienceSeconds = 30.0

  private let terminal: Int32
  private let process: pid_t
  private var isReaped = false
  /// Everything shown so far, without escape sequences.
  private(set) var shown = ""
  /// What `expect` has not passed yet.
  private var unread = ""
  private var partial: [UInt8] = []

  init(
    _ program: String, _ arguments: [String] = [], environment: [String: String], columns: UInt16 = 100,
    rows: UInt16 = 30
  ) throws {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    var (master, slave) = (Int32(-1), Int32(-1))
    guard openpty(&master, &slave, nil, nil, &size) == 0, let name = ttyname(slave).map({ String(cString: $0) }) else {
      throw Failure(description: "no pseudo-terminal: \(String(cString: strerror(errno)))")
    }
    terminal = master
    for end in [master, slave] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(slave) }
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
    // In a session of its own, the first terminal that is opened becomes the one whose Ctrl-C counts.
    #if canImport(Glibc)
      let newSession: Int16 = 0x80
    #else
      let newSession: Int16 = 0x400
    #endif
    posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    // Threads of a test run block signals, and a child inherits that.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    let settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + settings { free(word) } }
    var started: pid_t = 0
    let code = posix_spawn(&started, program, &actions, &attributes, words, settings)
    process = started
    guard code == 0 else {
      close(terminal)
      isReaped = true
      throw Failure(description: "cannot start \(program): \(String(cString: strerror(code)))")
    }
  }

  deinit {
    if !isReaped {
      kill(process, SIGKILL)
      var status: Int32 = 0
      waitpid(process, &status, 0)
    }
    close(terminal)
  }

  func send(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = write(terminal, bytes, bytes.count)
  }

  func signal(_ number: Int32) { kill(process, number) }

  func resize(columns: UInt16, rows: UInt16) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
  }

  /// Waits until a text is shown after the last one that was waited for; returns what came before it.
  @discardableResult
  func expect(_ text: String) throws -> String {
    let deadline = Date().addingTimeInterval(Self.patienceSeconds)
    while true {
      if let range = unread.range(of: text) {
        let before = String(unread[..<range.lowerBound])
        unread = String(unread[range.upperBound...])
        return before
      }
      guard Date() < deadline, receive() else {
        throw Failure(description: "did not show \(text.debugDescription); all it showed: \(shown.debugDescription)")
      }
    }
  }

  /// Waits for the end; the exit status, or 128 and the number of the signal.
  func exitStatus() throws -> Int32 {
    let deadline = Date().addingTimeInterval(Self.patienceSeconds)
    var status: Int32 = 0
    while Date() < deadline {
      // A program that ends waits for its last output to be taken.
      _ = receive()
      if waitpid(process, &status, WNOHANG) == process {
        isReaped = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
      }
    }
    throw Failure(description: "did not end; all it showed: \(shown.debugDescription)")
  }

  /// Whether the terminal echoes and gathers lines, as programs expect to find it.
  var isCooked: Bool {
    var modes = termios()
    return tcgetattr(terminal, &modes) == 0 && modes.c_lflag & tcflag_t(ICANON) != 0
      && modes.c_lflag & tcflag_t(ECHO) != 0
  }

  /// Takes what is there, waiting a little; false once nothing can come any more.
  private func receive() -> Bool {
    var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 50) > 0 else { return true }
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = read(terminal, &chunk, chunk.count)
    guard count > 0 else { return count < 0 && errno == EINTR }
    partial += chunk[..<count]
    let text = takeText()
    shown += text
    unread += text
    return true
  }

  /// The text that has arrived completely, without escape sequences, bells and the byte that hides colours.
  private func takeText() -> String {
    var text: [UInt8] = []
    var index = 0
    while index < partial.count {
      let byte = partial[index]
      if byte == 0x1B {
        guard let end = Self.sequenceEnd(partial, index) else { break }
        index = end
      } else if byte >= 0xC0 {
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        guard index + length <= partial.count else { break }
        text += partial[index..<index + length]
        index += length
      } else {
        if byte != 7 { text.append(byte) }
        index += 1
      }
    }
    partial.removeFirst(index)
    return String(decoding: text, as: UTF8.self)
  }

  private static func sequenceEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
    guard start + 1 < bytes.count else { return nil }
    guard bytes[start + 1] == UInt8(ascii: "[") else {
      // `ESC ( B` chooses a character set.
      let length = bytes[start + 1] == UInt8(ascii: "(") ? 3 : 2
      return start + length <= bytes.count ? start + length : nil
    }
    return bytes[(start + 2)...].firstIndex { 0x40...0x7E ~= $0 }.map { $0 + 1 }
  }
}
