import Foundation
import Lang
import Runtime

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

  /// - Parameter cancellation: ends a long result in the middle.
  init(_ progress: ProgressLine, _ cancellation: Runtime.Cancellation) {
    result = { text in progress.aside { Self.write(text + "\n", to: 1, until: cancellation) } }
    note = { text in progress.aside { Self.write(text + "\n", to: 2) } }
  }

  /// Writes all of a text. A reader that has gone (`| head`) ends the process as quietly as it ends any other; a full
  /// disk behind standard output ends it with a sentence.
  ///
  /// - Parameter cancellation: once it is set, the rest is left out, from the end of a line on.
  static func write(_ text: String, to stream: Int32, until cancellation: Runtime.Cancellation? = nil) {
    var bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      if let cancellation, cancellation.isCancelled, let end = bytes[start...].firstIndex(of: 0x0A) {
        bytes.removeLast(bytes.count - end - 1)
      }
      // A slow terminal takes little at a time.
      let count = bytes.withUnsafeBytes {
        Foundation.write(stream, $0.baseAddress.map { $0 + start }, min(bytes.count - start, 8192))
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
