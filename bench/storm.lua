-- For wrk: the token TOKEN creates a token, lists tokens and revokes one, again and again.

local created = {}
local count = 0

function request()
  count = count + 1
  local headers = { Authorization = "Bearer " .. os.getenv("TOKEN"), ["Content-Type"] = "application/json" }
  if count % 3 == 1 or #created == 0 then
    local token = '{"name": "storm", "permissions": ["apps:read"], "resources": ["*"], "expires_in": "1d"}'
    return wrk.format("POST", "/tokens", headers, token)
  elseif count % 3 == 2 then
    return wrk.format("GET", "/tokens?limit=100", headers)
  end
  return wrk.format("POST", "/tokens/" .. table.remove(created) .. "/revoke", headers, "{}")
end

function response(status, _, body)
  local id = status == 201 and body:match('"id":%s*"(%w+)"')
  if id then
    created[#created + 1] = id
  end
end

dofile("bench/result.lua")
