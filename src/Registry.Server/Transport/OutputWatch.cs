using System.Collections.Concurrent;
using System.Runtime.Versioning;

namespace Registry.Server.Transport;

/// <summary>
/// Checks once a second the connections that wait for the peer to read, and ends those of slow peers. This covers every output that passes through a
/// connection: files, other responses, TLS records and HTTP/2 frames, also while the last of them is in the socket only.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OutputWatch : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<DirectConnection, bool> _waiting = new();
    private readonly ITimer _timer;

    public OutputWatch(TimeProvider time) => _timer = time.CreateTimer(static watch => ((OutputWatch)watch!).Beat(), this, Second, Second);

    /// <summary>The connections that wait for their peers, or have waited within the last second.</summary>
    public ICollection<DirectConnection> Waiting => _waiting.Keys;

    /// <summary>Watches a connection as long as it waits for its peer.</summary>
    public void Add(DirectConnection connection) => _waiting.TryAdd(connection, true);

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        foreach (var (connection, _) in _waiting)
        {
            if (!connection.CheckRate())
            {
                _waiting.TryRemove(connection, out _);

                // It may have begun to wait again before it was removed.
                if (connection.IsWaiting)
                {
                    Add(connection);
                }
            }
        }
    }
}
