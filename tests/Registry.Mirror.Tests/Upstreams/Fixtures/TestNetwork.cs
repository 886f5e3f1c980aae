using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Registry.Outgoing;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>A network with a DNS of its own, in which each address leads to the loopback interface.</summary>
internal sealed class TestNetwork
{
    private readonly ConcurrentDictionary<string, Func<IPAddress[]>> _names = new();

    public TestNetwork()
    {
        Name("registry.example", "203.0.113.1");
        Name("cdn.example", "203.0.113.2");
        Name("auth.example", "203.0.113.3");
        Network = new OutgoingNetwork(ResolveAsync, ConnectAsync);
    }

    public OutgoingNetwork Network { get; }

    /// <summary>Names that were resolved, one for each look into DNS.</summary>
    public ConcurrentQueue<string> Resolved { get; } = new();

    /// <summary>Addresses that were dialled.</summary>
    public ConcurrentQueue<IPEndPoint> Dialled { get; } = new();

    /// <summary>Gives a name addresses. With several sets, each look finds the next, and the last one then.</summary>
    public void Name(string name, params string[] sets)
    {
        var left = new ConcurrentQueue<IPAddress[]>(sets.Select(set => set.Split(',').Select(IPAddress.Parse).ToArray()));
        _names[name] = () => left.Count > 1 && left.TryDequeue(out var first) ? first : left.TryPeek(out var last) ? last : [];
    }

    private Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        Resolved.Enqueue(name);
        return _names.TryGetValue(name, out var addresses) ? Task.FromResult(addresses()) : throw new SocketException((int)SocketError.HostNotFound);
    }

    private async ValueTask<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        Dialled.Enqueue(address);
        return await OutgoingNetwork.OfMachine.Connect(new IPEndPoint(IPAddress.Loopback, address.Port), cancellationToken);
    }
}
