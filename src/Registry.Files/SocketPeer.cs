using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Registry.Files;

/// <summary>The process at the other end of a Unix socket.</summary>
[SupportedOSPlatform("linux")]
public static class SocketPeer
{
    private const uint Root = 0;

    /// <summary>User id of the process that has connected, when it did (unix(7), SO_PEERCRED). The kernel vouches for it.</summary>
    /// <exception cref="SocketException">It cannot be read.</exception>
    public static uint UserOf(Socket socket)
    {
        const int SocketLevel = 1;
        const int PeerCredentials = 17;
        ArgumentNullException.ThrowIfNull(socket);

        // struct ucred: process, user and group.
        Span<uint> credentials = stackalloc uint[3];
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, MemoryMarshal.AsBytes(credentials));
        return credentials[1];
    }

    /// <summary>True for a user who may do all that this process may: its own, and root.</summary>
    public static bool IsTrusted(uint user) => user == Root || user == Posix.EffectiveUser;
}
