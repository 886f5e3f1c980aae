using System.Text;

namespace Registry.Bench.Wire;

/// <summary>Idle connections that have made one request each.</summary>
internal sealed class IdleConnectionSet : IDisposable
{
    private readonly List<Link> _links = [];

    private IdleConnectionSet()
    {
    }

    /// <summary>Opens the connections one after another. Each needs a descriptor here and one in the server.</summary>
    public static IdleConnectionSet Open(ServerAddress server, int count)
    {
        var set = new IdleConnectionSet();
        var request = Encoding.ASCII.GetBytes($"GET /v2/ HTTP/1.1\r\nHost: {server}\r\n\r\n");
        var buffer = new byte[4096];
        try
        {
            for (var i = 0; i < count; i++)
            {
                var link = Link.Open(server);
                set._links.Add(link);
                link.Send(request);
                link.Receive(buffer);
                link.ReleaseBuffers();
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var link in _links)
        {
            link.Dispose();
        }
    }
}
