-- For wrk: the result of a run as one line of JSON. Times are in microseconds.

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format(
    '{"requests": %d, "failed": %d, "seconds": %f, "p50": %d, "p99": %d, "longest": %d}\n',
    summary.requests, failed, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency.max
  ))
end
