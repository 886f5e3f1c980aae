using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Registry.Bench.Wire;

/// <summary>
/// Repeats a small request on several connections, one at a time on each, with one thread that polls: two system calls for each request,
/// like wrk. Over TLS, each connection has negotiated before.
/// </summary>
internal sealed class RequestLoop : IDisposable
{
    private readonly Lane[] _lanes;
    private readonly Readiness.Watched[] _watched;
    private readonly byte[] _request;
    private readonly bool _isHead;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<float> _latencies = new(1 << 20);

    /// <summary>Opens the connections.</summary>
    /// <param name="server">The server.</param>
    /// <param name="method">GET or HEAD; the answer must be a 200.</param>
    /// <param name="target">The request target.</param>
    /// <param name="accept">The Accept header.</param>
    /// <param name="connections">Number of connections.</param>
    public RequestLoop(ServerAddress server, string method, string target, string accept, int connections)
    {
        _isHead = method == "HEAD";
        _request = Encoding.ASCII.GetBytes($"{method} {target} HTTP/1.1\r\nHost: {server}\r\nAccept: {accept}\r\n\r\n");
        _lanes = [.. Enumerable.Range(0, connections).Select(_ => new Lane(Link.Open(server)))];
        _watched = [.. _lanes.Select(lane => new Readiness.Watched { Descriptor = lane.Link.Descriptor, Events = Readiness.Input })];
    }

    /// <summary>Sends requests for the given time, and waits for the last answers.</summary>
    /// <exception cref="InvalidOperationException">An answer is not a 200.</exception>
    /// <exception cref="EndOfStreamException">A connection ended.</exception>
    /// <exception cref="TimeoutException">The server did not answer.</exception>
    public LoopResult Run(TimeSpan duration)
    {
        _latencies.Clear();
        var clock = Stopwatch.StartNew();
        var waiting = _lanes.Length;
        foreach (var lane in _lanes)
        {
            lane.Send(_request);
        }

        while (waiting > 0)
        {
            Readiness.Wait(_watched);
            var isOver = clock.Elapsed >= duration;
            for (var i = 0; i < _watched.Length; i++)
            {
                if (_watched[i].Returned == 0 || !_lanes[i].Receive(_buffer, _isHead))
                {
                    continue;
                }

                _latencies.Add(_lanes[i].ElapsedMilliseconds);
                if (isOver)
                {
                    waiting--;
                }
                else
                {
                    _lanes[i].Send(_request);
                }
            }
        }

        var elapsed = clock.Elapsed;
        _latencies.Sort();
        return new LoopResult(_latencies.Count, elapsed, Percentile(50), Percentile(99));
    }

    public void Dispose()
    {
        foreach (var lane in _lanes)
        {
            lane.Link.Dispose();
        }
    }

    private double Percentile(int p) => _latencies[Math.Min(_latencies.Count - 1, (int)(_latencies.Count * (long)p / 100))];

    /// <summary>One connection, with the received part of the answer.</summary>
    private sealed class Lane
    {
        // Enough for any head; bytes beyond it belong to the body, which is discarded.
        private readonly byte[] _head = new byte[4096];
        private int _headLength;
        private long _left = -1;
        private long _sentAt;

        public Lane(Link link)
        {
            Link = link;
            link.StopBlocking();
        }

        public Link Link { get; }

        public float ElapsedMilliseconds => (float)Stopwatch.GetElapsedTime(_sentAt).TotalMilliseconds;

        public void Send(byte[] request)
        {
            _headLength = 0;
            _left = -1;
            _sentAt = Stopwatch.GetTimestamp();
            Link.Send(request);
        }

        /// <summary>Reads the bytes that have arrived.</summary>
        /// <returns>True when the answer is complete.</returns>
        public bool Receive(byte[] buffer, bool isHead)
        {
            for (int count; (count = Link.TryReceive(buffer)) != Link.Nothing;)
            {
                if (Take(buffer.AsSpan(0, count), isHead))
                {
                    return true;
                }
            }

            return false;
        }

        private bool Take(ReadOnlySpan<byte> piece, bool isHead)
        {
            var count = piece.Length;
            if (_left >= 0)
            {
                _left -= count;
                return _left == 0;
            }

            var kept = Math.Min(count, _head.Length - _headLength);
            piece[..kept].CopyTo(_head.AsSpan(_headLength));
            _headLength += kept;
            var end = _head.AsSpan(0, _headLength).IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return false;
            }

            var head = _head.AsSpan(0, end + 2);
            var length = isHead ? 0 : ContentLength(head);
            _left = length - (_headLength - (end + 4)) - (count - kept);
            return _left == 0;
        }

        private static long ContentLength(ReadOnlySpan<byte> head)
        {
            if (!head.StartsWith("HTTP/1.1 200 "u8))
            {
                throw new InvalidOperationException($"The answer is not a 200: {Encoding.Latin1.GetString(head)}");
            }

            var name = "\r\nContent-Length: "u8;
            var at = head.IndexOf(name);
            if (at < 0)
            {
                throw new InvalidOperationException($"No Content-Length: {Encoding.Latin1.GetString(head)}");
            }

            var value = head[(at + name.Length)..];
            return long.Parse(value[..value.IndexOf((byte)'\r')], CultureInfo.InvariantCulture);
        }
    }
}
