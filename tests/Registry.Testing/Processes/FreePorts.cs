using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Registry.Testing.Processes;

/// <summary>Reserves ports for programs whose port must be configured before they start.</summary>
public static class FreePorts
{
    // Below those that Linux gives to connections and to listeners on port 0 (net.ipv4.ip_local_port_range, from 32768 on): otherwise a
    // connection of any process could take a port between the check and its use.
    private const int First = 20_000;
    private const int Count = 10_000;

    private static readonly Lock Gate = new();

    // Starts at a random port, so that two test processes at once get different ones.
    private static int _next = RandomNumberGenerator.GetInt32(Count);

    /// <summary>Returns ports of the loopback interface that no process listens on. Each port is handed out once.</summary>
    public static int[] Find(int count)
    {
        var found = new List<int>();
        lock (Gate)
        {
            for (var tries = 0; found.Count < count; tries++)
            {
                if (tries == Count)
                {
                    throw new InvalidOperationException($"There are no {count} free ports from {First} to {First + Count - 1}.");
                }

                var port = First + _next;
                _next = (_next + 1) % Count;
                if (IsFree(port))
                {
                    found.Add(port);
                }
            }
        }

        return [.. found];
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
