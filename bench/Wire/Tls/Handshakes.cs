using System.Diagnostics;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Wire.Tls;

/// <summary>Repeats connections over TLS, each with one small request, on several threads.</summary>
internal static class Handshakes
{
    private const int Threads = 8;
    private const int BufferSize = 32 * 1024;

    /// <summary>Connects until the time is over.</summary>
    /// <param name="server">The server.</param>
    /// <param name="target">Target of the request, which is needed because sessions arrive with the first answer.</param>
    /// <param name="resumes">True to offer the session of the connection before; false for full handshakes.</param>
    /// <param name="duration">Duration of the loop.</param>
    public static HandshakeResult Run(ServerAddress server, string target, bool resumes, TimeSpan duration)
    {
        var (all, resumed) = (0, 0);
        var clock = Stopwatch.StartNew();
        AtOnce.Run(Threads, _ =>
        {
            var buffer = new byte[BufferSize];
            TlsSession? session = null;
            while (clock.Elapsed < duration)
            {
                using var link = new TlsLink(server, TlsContext.Http1, session);
                using var connection = new HttpConnection(server, link, buffer);
                connection.Discard(target);
                link.ResetAtEnd();
                Interlocked.Increment(ref all);
                if (resumes)
                {
                    Interlocked.Add(ref resumed, link.IsResumed ? 1 : 0);
                    session?.Dispose();
                    session = link.TakeSession();
                }
            }

            session?.Dispose();
        });
        return new HandshakeResult(all, resumed, clock.Elapsed);
    }
}
