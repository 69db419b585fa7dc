/// Texts with a mistake and what is said about them, word for word.
let argumentProblemCases: [ProblemCase] = [
  ProblemCase(
    #"""
    compress
    """#,
    #"""
    t.kvs:1:1: error K020: `compress` needs `method`, the method
      1 | compress
        | ^^^^^^^^
      hint: `help compress` shows how
    """#),
  ProblemCase(
    #"""
    compress h2o
    """#,
    #"""
    t.kvs:1:1: error K020: `compress` needs `budget`, tokens that stay
      1 | compress h2o
        | ^^^^^^^^
      hint: `help compress` shows how
    """#),
  ProblemCase(
    #"""
    run sharegpt gsm8k
    """#,
    #"""
    t.kvs:1:14: error K021: `run` has no place for this argument
      1 | run sharegpt gsm8k
        |              ^^^^^
      expected: at most 1 argument without a name
    """#),
  ProblemCase(
    #"""
    run sharegpt n="ten"
    """#,
    #"""
    t.kvs:1:16: error K022: `n` is given a string
      1 | run sharegpt n="ten"
        |                ^^^^^
      expected: whole number
    """#),
  ProblemCase(
    #"""
    run sharegpt n=2.5
    """#,
    #"""
    t.kvs:1:16: error K022: `n` is given a number
      1 | run sharegpt n=2.5
        |                ^^^
      expected: whole number
    """#),
  ProblemCase(
    #"""
    run sharegpt n=0
    """#,
    #"""
    t.kvs:1:16: error K023: `n` must be 1 to 1000000; 0 was given
      1 | run sharegpt n=0
        |                ^
    """#),
  ProblemCase(
    #"""
    compress kivi bits=3
    """#,
    #"""
    t.kvs:1:20: error K024: `bits` must be 2, 4 or 8; 3 was given
      1 | compress kivi bits=3
        |                    ^
    """#),
  ProblemCase(
    #"""
    let b = 3
    compress kivi bits=b
    """#,
    #"""
    t.kvs:2:20: error K024: `bits` must be 2, 4 or 8; 3 was given
      2 | compress kivi bits=b
        |                    ^
    """#),
  ProblemCase(
    #"""
    compress kivi bits=[2,3]
    """#,
    #"""
    t.kvs:1:20: error K024: `bits` must be 2, 4 or 8; 3 was given
      1 | compress kivi bits=[2,3]
        |                    ^^^^^
    """#),
  ProblemCase(
    #"""
    compress kivi group=7
    """#,
    #"""
    t.kvs:1:21: error K023: `group` must be 8 to 256; 7 was given
      1 | compress kivi group=7
        |                     ^
    """#),
  ProblemCase(
    #"""
    compress kivi group=64 residual=100
    """#,
    #"""
    t.kvs:1:33: error K301: residual=100 is no multiple of group=64
      1 | compress kivi group=64 residual=100
        |                                 ^^^
      hint: use residual=256
    """#),
  ProblemCase(
    #"""
    table [{k: 1}] | join (table [{k: 1}]) on=k kind=outer
    """#,
    #"""
    t.kvs:1:50: error K024: `kind` must be inner or left; outer was given
      1 | table [{k: 1}] | join (table [{k: 1}]) on=k kind=outer
        |                                                  ^^^^^
    """#),
  ProblemCase(
    #"""
    plot lengthdiff | run sharegpt
    """#,
    #"""
    t.kvs:1:1: error K031: `plot` stands first, so nothing comes in
      1 | plot lengthdiff | run sharegpt
        | ^^^^^^^^^^^^^^^
      expected: table
      hint: put what yields it before: `... | plot lengthdiff`
    t.kvs:1:19: error K030: `run` cannot work on a plot
      1 | plot lengthdiff | run sharegpt
        | --------------- yields plot
        |                   ^^^^^^^^^^^^ expects list of config or config
      expected: list of config or config
    """#),
  ProblemCase(
    #"""
    run sharegpt | compress kivi
    """#,
    #"""
    t.kvs:1:16: error K030: `compress` cannot work on a table
      1 | run sharegpt | compress kivi
        | ------------ yields table
        |                ^^^^^^^^^^^^^ expects list of config or config
      expected: list of config or config
    """#),
  ProblemCase(
    #"""
    compress kivi bits=2 | plot lengthdiff
    """#,
    #"""
    t.kvs:1:24: error K030: `plot` cannot work on a list of config
      1 | compress kivi bits=2 | plot lengthdiff
        | -------------------- yields list of config
        |                        ^^^^^^^^^^^^^^^ expects table
      expected: table
    """#),
  ProblemCase(
    #"""
    table [{a: 1}] | 5
    """#,
    #"""
    t.kvs:1:18: error K033: a whole number cannot take what the pipe brings
      1 | table [{a: 1}] | 5
        | -------------- comes in
        |                  ^ is a whole number
      expected: a command or a function
    """#),
  ProblemCase(
    #"""
    let n = count()
    """#,
    #"""
    t.kvs:1:9: error K034: `count()` counts the rows of a group
      1 | let n = count()
        |         ^^^^^^^
      expected: `summarize n=count()`
      hint: `len(x)` counts the elements of a value
    """#),
  ProblemCase(
    #"""
    run gsm8k temperature=3
    """#,
    #"""
    t.kvs:1:23: error K023: `temperature` must be 0 to 2; 3 was given
      1 | run gsm8k temperature=3
        |                       ^
    """#),
  ProblemCase(
    #"""
    let xs = kivi(bits=3)
    """#,
    #"""
    t.kvs:1:20: error K024: `bits` must be 2, 4 or 8; 3 was given
      1 | let xs = kivi(bits=3)
        |                    ^
    """#),
  ProblemCase(
    #"""
    head 5
    """#,
    #"""
    t.kvs:1:1: error K031: `head` stands first, so nothing comes in
      1 | head 5
        | ^^^^^^
      expected: table, list, range or string
      hint: put what yields it before: `... | head 5`
    """#),
  ProblemCase(
    #"""
    1..10 | run sharegpt
    """#,
    #"""
    t.kvs:1:9: error K030: `run` cannot work on a range
      1 | 1..10 | run sharegpt
        | ----- yields range
        |         ^^^^^^^^^^^^ expects list of config or config
      expected: list of config or config
    """#),
  ProblemCase(
    #"""
    run sharegpt | models
    """#,
    #"""
    t.kvs:1:16: error K032: `models` takes nothing from the pipe
      1 | run sharegpt | models
        | ------------ yields a value
        |                ^^^^^^ takes no input
      expected: the first place of a pipeline
    """#),
  ProblemCase(
    #"""
    def f(a, b=2) { a }
    f(1, 2, 3)
    """#,
    #"""
    t.kvs:2:1: error K051: `f` is given 3 arguments
      2 | f(1, 2, 3)
        | ^^^^^^^^^^
      expected: 1 to 2
    """#),
  ProblemCase(
    #"""
    def f(a, b=2) { a }
    f(b=1)
    """#,
    #"""
    t.kvs:2:1: error K051: `f` lacks its argument `a`
      2 | f(b=1)
        | ^^^^^^
    """#),
  ProblemCase(
    #"""
    def f(a, b=2) { a }
    f(1, c=1)
    """#,
    #"""
    t.kvs:2:6: error K014: `f` has no parameter `c`
      2 | f(1, c=1)
        |      ^
      expected: one of `a`, `b`
    """#),
  ProblemCase(
    #"""
    def f(a, b=2) { a }
    f(1, a=1)
    """#,
    #"""
    t.kvs:2:6: error K019: parameter `a` is given twice
      2 | f(1, a=1)
        |      ^
      expected: one value
    """#),
  ProblemCase(
    #"""
    upper(3) + trim(4)
    """#,
    #"""
    t.kvs:1:1: error K052: `upper` is given a whole number
      1 | upper(3) + trim(4)
        | ^^^^^^^^
      expected: string
    t.kvs:1:12: error K052: `trim` is given a whole number
      1 | upper(3) + trim(4)
        |            ^^^^^^^
      expected: string
    """#),
  ProblemCase(
    #"""
    compress kivi | compress kivi
    """#,
    #"""
    t.kvs:1:17: error K306: kivi twice
      1 | compress kivi | compress kivi
        | ------------- comes in
        |                 ^^^^^^^^^^^^^
    """#),
]
