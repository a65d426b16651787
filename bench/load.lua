-- For wrk: GET requests, each with a token drawn from the file TOKENS. `done` prints the result as JSON.

local tokens = {}

function init()
  for line in io.lines(os.getenv("TOKENS")) do
    tokens[#tokens + 1] = line
  end
  math.randomseed(os.time())
end

function request()
  return wrk.format("GET", nil, { Authorization = "Bearer " .. tokens[math.random(#tokens)] })
end

dofile("bench/result.lua")
