import Foundation
import Lang

/// Where text goes: results to standard output, the rest to standard error, both past the progress line.
struct StandardStreams {
  /// Receives what was asked for, without the last line feed.
  let result: (String) -> Void
  /// Receives notes, warnings and problems, without the last line feed.
  let note: (String) -> Void

  init(result: @escaping (String) -> Void, note: @escaping (String) -> Void) {
    self.result = result
    self.note = note
  }

  init(_ progress: ProgressLine) {
    result = { text in progress.aside { Self.write(text + "\n", to: 1) } }
    note = { text in progress.aside { Self.write(text + "\n", to: 2) } }
  }

  /// Writes all of a text. A reader that has gone (`| head`) ends the process as quietly as it ends any other; a full
  /// disk behind standard output ends it with a sentence.
  static func write(_ text: String, to stream: Int32) {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(stream, $0.baseAddress.map { $0 + start }, bytes.count - start)
      }
      if count >= 0 {
        start += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var waiting = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      case let code where stream == 1:
        if code == EPIPE {
          signal(SIGPIPE, SIG_DFL)
          raise(SIGPIPE)
        } else {
          let reason = String(cString: strerror(code))
          write(ProblemRenderer().render(ShellProblems.unwritableOutput(reason)) + "\n", to: 2)
        }
        exit(ExitStatus.failed.rawValue)
      default: return
      }
    }
  }
}
