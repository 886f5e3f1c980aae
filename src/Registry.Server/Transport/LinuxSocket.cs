using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport;

/// <summary>
/// System calls on sockets that the BCL lacks. Handles are passed as such, so that neither descriptor can be closed and given to somebody
/// else during a call.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxSocket
{
    /// <summary>The call would block: the socket is full.</summary>
    public const int Eagain = 11;

    private const int Eintr = 4;
    private const int Epipe = 32;
    private const int Enetdown = 100;
    private const int Enetunreach = 101;
    private const int Enetreset = 102;
    private const int Econnaborted = 103;
    private const int Econnreset = 104;
    private const int Enotconn = 107;
    private const int Etimedout = 110;
    private const int Ehostdown = 112;
    private const int Ehostunreach = 113;
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgMore = 0x8000;
    private const nuint SendQueue = 0x5411;

    /// <summary>sendfile(2): bytes of a file to a socket that does not block, without a copy in this process.</summary>
    /// <returns>How many bytes were sent, 0 at the end of the file, or minus the error number.</returns>
    public static long SendFile(SafeSocketHandle socket, SafeFileHandle file, long offset, long count)
    {
        while (true)
        {
            var sent = SendFileCore(socket, file, ref offset, (nuint)count);
            if (sent >= 0)
            {
                return sent;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno != Eintr)
            {
                return -errno;
            }
        }
    }

    /// <summary>
    /// send(2), as much as fits. The BCL can do this too, but it keeps 400 bytes for every socket that has ever sent.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">What to send; not empty.</param>
    /// <param name="more">Whether more follows at once, so that both may share a packet.</param>
    /// <returns>How many bytes were sent, or minus the error number.</returns>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<byte> bytes, bool more)
    {
        var flags = MsgDontWait | MsgNoSignal | (more ? MsgMore : 0);
        while (true)
        {
            var sent = SendCore(socket, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, flags);
            if (sent >= 0)
            {
                return (int)sent;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno != Eintr)
            {
                return -errno;
            }
        }
    }

    /// <summary>
    /// What a failed call is an exception of. The constructor of <see cref="SocketException"/> wants a <see cref="SocketError"/>, whose numbers are
    /// those of Windows: given a number of Linux it makes an error that nothing recognises.
    /// </summary>
    /// <param name="errno">The error number.</param>
    /// <returns>A <see cref="SocketException"/> when the connection is over, and an <see cref="IOException"/> when the file or the system is at fault.</returns>
    public static Exception Fault(int errno) => errno switch
    {
        Epipe => new SocketException((int)SocketError.Shutdown),
        Econnreset => new SocketException((int)SocketError.ConnectionReset),
        Econnaborted => new SocketException((int)SocketError.ConnectionAborted),
        Enotconn => new SocketException((int)SocketError.NotConnected),
        Etimedout => new SocketException((int)SocketError.TimedOut),
        Enetdown => new SocketException((int)SocketError.NetworkDown),
        Enetunreach => new SocketException((int)SocketError.NetworkUnreachable),
        Enetreset => new SocketException((int)SocketError.NetworkReset),
        Ehostdown => new SocketException((int)SocketError.HostDown),
        Ehostunreach => new SocketException((int)SocketError.HostUnreachable),
        _ => new IOException($"{Marshal.GetPInvokeErrorMessage(errno)} (error {errno})"),
    };

    /// <summary>How many bytes the peer has not acknowledged yet; 0 when nobody can tell.</summary>
    public static int Unacknowledged(SafeSocketHandle socket)
    {
        var count = 0;
        return Ioctl(socket, SendQueue, ref count) == 0 ? count : 0;
    }

    [LibraryImport("libc", EntryPoint = "sendfile64", SetLastError = true)]
    private static partial nint SendFileCore(SafeSocketHandle socket, SafeFileHandle file, ref long offset, nuint count);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint SendCore(SafeSocketHandle socket, in byte bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeSocketHandle socket, nuint request, ref int value);
}
