using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Transport;

/// <summary>
/// System calls on sockets that the BCL lacks. They take handles, so that no descriptor can be closed and reused during a call.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxSocket
{
    /// <summary>Error number of a call that would block, because the socket is full.</summary>
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

    /// <summary>Sends bytes of a file to a non-blocking socket with sendfile(2), without a copy in this process.</summary>
    /// <returns>The number of bytes sent, 0 at the end of the file, or the negative error number.</returns>
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
    /// Sends as many bytes as fit with one system call. The BCL can do this, too, but keeps 400 bytes for every socket that has ever sent.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="pieces">1 to <see cref="OutputPiece.MaxAtOnce"/> pieces of the memory of a <see cref="BlockPool"/>, which does not move; not empty.</param>
    /// <param name="more">True when more bytes follow at once, so that both may share a packet.</param>
    /// <returns>The number of bytes sent, or the negative error number.</returns>
    public static unsafe int Send(SafeSocketHandle socket, List<OutputPiece> pieces, bool more)
    {
        var vectors = stackalloc Vector[pieces.Count];
        for (var i = 0; i < pieces.Count; i++)
        {
            var bytes = pieces[i].Memory.Span;
            vectors[i] = new Vector(Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)), (nuint)bytes.Length);
        }

        var message = new Message { Vectors = vectors, Count = (nuint)pieces.Count };
        var flags = MsgDontWait | MsgNoSignal | (more ? MsgMore : 0);
        while (true)
        {
            var sent = pieces.Count == 1
                ? SendCore(socket, vectors[0].Start, vectors[0].Length, flags)
                : SendMessage(socket, in message, flags);
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
    /// Creates the exception of a failed call. The constructor of <see cref="SocketException"/> expects a <see cref="SocketError"/>, which has
    /// the numbers of Windows; a Linux number becomes an error that no code recognises.
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

    /// <summary>Shuts down a side of a socket, unless the peer has closed the connection already.</summary>
    public static void TryShutdown(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }
    }

    /// <summary>Returns the number of sent bytes that the peer has not acknowledged yet; 0 when unknown.</summary>
    public static int Unacknowledged(SafeSocketHandle socket)
    {
        var count = 0;
        return Ioctl(socket, SendQueue, ref count) == 0 ? count : 0;
    }

    [LibraryImport("libc", EntryPoint = "sendfile64", SetLastError = true)]
    private static partial nint SendFileCore(SafeSocketHandle socket, SafeFileHandle file, ref long offset, nuint count);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint SendCore(SafeSocketHandle socket, void* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, in Message message, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeSocketHandle socket, nuint request, ref int value);

    // struct iovec
    private readonly unsafe struct Vector(void* start, nuint length)
    {
        public readonly void* Start = start;
        public readonly nuint Length = length;
    }

    // struct msghdr. The length of the name is shorter, but little-endian and followed by padding.
    private unsafe struct Message
    {
        public void* Name;
        public nuint NameLength;
        public Vector* Vectors;
        public nuint Count;
        public void* Control;
        public nuint ControlLength;
        public nint Flags;
    }
}
