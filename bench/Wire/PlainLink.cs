using System.Net.Sockets;

namespace Registry.Bench.Wire;

/// <summary>Connection in clear text. The kernel sends bodies from their file.</summary>
internal sealed class PlainLink(ServerAddress server) : Link(server)
{
    public override void Send(ReadOnlySpan<byte> bytes)
    {
        if (Socket.Send(bytes) != bytes.Length)
        {
            throw new InvalidOperationException("An idle socket did not accept a whole request.");
        }
    }

    public override void Send(UploadBody body) => Socket.SendFile(body.Path, null, body.Tail, TransmitFileOptions.UseDefaultWorkerThread);

    public override int Receive(Span<byte> buffer) => Received(Socket.Receive(buffer));

    public override int TryReceive(Span<byte> buffer)
    {
        var count = Socket.Receive(buffer, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.WouldBlock => Nothing,
            SocketError.Success => Received(count),
            _ => throw new SocketException((int)error),
        };
    }
}
