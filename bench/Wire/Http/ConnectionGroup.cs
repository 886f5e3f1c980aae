namespace Registry.Bench.Wire.Http;

/// <summary>Connections for HTTP/1.1 that are used at once, each by a thread.</summary>
internal sealed class ConnectionGroup(ServerAddress server, int count) : IDisposable
{
    private readonly List<HttpConnection> _connections = [.. Enumerable.Range(0, count).Select(_ => new HttpConnection(server))];

    /// <summary>Gets a range of a body on every connection.</summary>
    /// <returns>The length of all.</returns>
    public long Discard(string target, string range)
    {
        var total = 0L;
        AtOnce.Run(_connections.Count, i => Interlocked.Add(ref total, _connections[i].Discard(target, range)));
        return total;
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }
}
