using System.Net;
using System.Net.Sockets;

namespace Registry.Interop.Tests.Documentation;

/// <summary>Ports for programs whose port is written down before they start.</summary>
internal static class FreePorts
{
    /// <summary>Ports of the loopback interface that nobody listens on, all different.</summary>
    public static int[] Find(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Dispose();
        }
        return ports;
    }
}
