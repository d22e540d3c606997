-- SPDX-License-Identifier: MPL-2.0
-- What `wrk` sends: SPEKE 2.0 requests for two keys with PlayReady and Widevine, each for another content.
--   MODE=existing   contents 0 to CONTENTS - 1, in turn
--   MODE=new        contents that nobody asked for before, told apart by RUN

local mode, run = os.getenv("MODE") or "existing", os.getenv("RUN") or "0"
local contents, threads = tonumber(os.getenv("CONTENTS") or "1000"), 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init()
    wrk.method = "POST"
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
    wrk.headers["Content-Type"] = "application/xml"
    wrk.headers["X-Speke-Version"] = "2.0"
    -- Threads begin far from each other.
    count = number * 7919
end

local systems = { "9a04f079-9840-4286-ab92-e65be0885f95", "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed" }
local tracks = { { "VIDEO", "<cpix:VideoFilter/>" }, { "AUDIO", "<cpix:AudioFilter/>" } }

local function document(content, kid)
    local keys, drms, rules = "", "", ""
    for track, of in ipairs(tracks) do
        local id = kid .. string.format("%012x", track)
        keys = keys .. '<cpix:ContentKey kid="' .. id .. '" commonEncryptionScheme="cenc"></cpix:ContentKey>'
        for _, system in ipairs(systems) do
            drms = drms .. '<cpix:DRMSystem kid="' .. id .. '" systemId="' .. system .. '"><cpix:PSSH></cpix:PSSH>' ..
                '<cpix:ContentProtectionData></cpix:ContentProtectionData><cpix:HLSSignalingData playlist="media">' ..
                '</cpix:HLSSignalingData><cpix:HLSSignalingData playlist="master"></cpix:HLSSignalingData></cpix:DRMSystem>'
        end
        rules = rules .. '<cpix:ContentKeyUsageRule kid="' .. id .. '" intendedTrackType="' .. of[1] .. '">' .. of[2] ..
            '</cpix:ContentKeyUsageRule>'
    end
    return '<?xml version="1.0" encoding="UTF-8"?><cpix:CPIX contentId="' .. content .. '" version="2.3" ' ..
        'xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc"><cpix:ContentKeyList>' .. keys ..
        '</cpix:ContentKeyList><cpix:DRMSystemList>' .. drms .. '</cpix:DRMSystemList><cpix:ContentKeyUsageRuleList>' .. rules ..
        '</cpix:ContentKeyUsageRuleList></cpix:CPIX>'
end

function request()
    count = count + 1
    if mode == "new" then
        local kid = string.format("%08x-%04x-4%03x-8000-", count, tonumber(run), number)
        return wrk.format(nil, nil, nil, document("new-" .. run .. "-" .. number .. "-" .. count, kid))
    end
    local n = count % contents
    return wrk.format(nil, nil, nil, document("film-" .. n, string.format("%08x-0000-4fff-8000-", n)))
end

function done(summary, latency, _)
    local seconds, errors = summary.duration / 1e6, summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
    io.write(string.format("%8.0f requests/s   p50 %6.2f ms   p99 %6.2f ms   max %7.2f ms   failed %d\n",
        summary.requests / seconds, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3, failed))
end
