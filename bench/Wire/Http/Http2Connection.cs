using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Registry.Bench.Wire.Tls;
using Registry.Testing.Connections;

namespace Registry.Bench.Wire.Http;

/// <summary>
/// HTTP/2 over TLS with the windows of Go's client, which docker, containerd and podman use, and with almost no CPU: one thread, frames parsed in
/// place, bodies discarded.
/// </summary>
internal sealed class Http2Connection : IDisposable
{
    /// <summary>The largest window of a stream: a body of 1 GiB needs no update.</summary>
    public const int WidestWindow = int.MaxValue;

    // golang.org/x/net/http2, transport.go: 4 MiB for a stream, and 1 GiB more for the connection. The client returns half a window at a time.
    private const int StreamWindow = 4 << 20;
    private const int ConnectionWindow = 1 << 30;
    private const int HeadSize = 9;

    // RFC 9113, section 6.5.2.
    private const int DefaultWindow = 65_535;
    private const int DefaultFrame = 16 * 1024;

    // golang.org/x/net/http2, transport.go: the client sends no larger frames, whatever the server allows.
    private const int LargestFrame = 512 * 1024;
    private const int BufferSize = 256 * 1024;

    private readonly TlsLink _link;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly Dictionary<int, Http2Stream> _streams = [];
    private readonly int _window;
    private int _start;
    private int _end;
    private int _nextStream = 1;
    private long _unreturned;
    private long _sendWindow = DefaultWindow;
    private long _initialSendWindow = DefaultWindow;
    private int _frame = DefaultFrame;
    private bool _hasSettings;

    /// <summary>Connects, and waits for the settings of the server.</summary>
    public Http2Connection(ServerAddress server, int window = StreamWindow)
    {
        _window = window;
        _link = new TlsLink(server, TlsContext.Http2);
        _link.Send([
            .. Http2Frames.Preface, .. Http2Frames.Setting(Http2Frames.InitialWindowSize, window), .. WindowUpdate(0, ConnectionWindow),
        ]);
        while (!_hasSettings)
        {
            ReadFrame();
        }
    }

    /// <summary>Gets a body and passes it on in pieces.</summary>
    public void Read(string target, Action<ReadOnlySpan<byte>> take) => Finish([Get(target, string.Empty, 200, take)]);

    /// <summary>Gets bodies, or ranges of them, at once, each on a stream, and discards them.</summary>
    /// <returns>The length of all.</returns>
    public long Discard(string range, params ReadOnlySpan<string> targets)
    {
        var streams = new List<Http2Stream>();
        foreach (var target in targets)
        {
            streams.Add(Get(target, range, range.Length == 0 ? 200 : 206, null));
        }

        Finish(streams);
        return streams.Sum(stream => stream.Received);
    }

    /// <summary>Gets a body like <see cref="HttpConnection.Drop"/>. Needs <see cref="WidestWindow"/>.</summary>
    public void Drop(string target, long length)
    {
        Get(target, string.Empty, 200, null);
        _link.Drop(length);
    }

    /// <summary>Sends a body whose length is known, and waits for 201.</summary>
    public void Put(string target, UploadBody body)
    {
        var stream = Begin(201, null, endStream: false, [
            .. Http2Frames.Literal(0x02, "PUT"), 0x87, .. Http2Frames.Literal(0x04, target), .. Http2Frames.Literal(0x01, "localhost"),
            .. Http2Frames.Literal(0, body.Length.ToString(CultureInfo.InvariantCulture), "content-length"),
            .. Http2Frames.Literal(0, "application/octet-stream", "content-type"),
        ]);
        using var file = File.OpenHandle(body.Path);
        var inARow = Math.Max(1, BufferSize / _frame);
        var frames = new byte[inARow * (HeadSize + _frame)];
        for (long offset = 0; offset < body.Length;)
        {
            var room = Math.Min(_sendWindow, stream.SendWindow);
            if (room == 0)
            {
                ReadFrame();
                continue;
            }

            var filled = 0;
            for (var i = 0; i < inARow && room > 0 && offset < body.Length; i++)
            {
                var payload = frames.AsSpan(filled + HeadSize, (int)Math.Min(_frame, Math.Min(room, body.Length - offset)));
                Fill(payload, file, offset, body);
                offset += payload.Length;
                room -= payload.Length;
                _sendWindow -= payload.Length;
                stream.SendWindow -= payload.Length;
                WriteHead(frames.AsSpan(filled), payload.Length, offset == body.Length ? Http2Frames.EndStream : (byte)0, stream.Id);
                filled += HeadSize + payload.Length;
            }

            _link.Send(frames.AsSpan(0, filled));
        }

        Finish([stream]);
    }

    public void Dispose() => _link.Dispose();

    private static void Fill(Span<byte> payload, SafeFileHandle file, long offset, UploadBody body)
    {
        var fromFile = (int)Math.Clamp(body.Length - body.Tail.Length - offset, 0, payload.Length);
        if (fromFile > 0 && RandomAccess.Read(file, payload[..fromFile], offset) != fromFile)
        {
            throw new EndOfStreamException($"{body.Path} is shorter than its body.");
        }

        var inTail = (int)(offset + fromFile - (body.Length - body.Tail.Length));
        body.Tail.AsSpan(Math.Max(0, inTail), payload.Length - fromFile).CopyTo(payload[fromFile..]);
    }

    private static void WriteHead(Span<byte> head, int length, byte flags, int stream)
    {
        BinaryPrimitives.WriteInt32BigEndian(head, length << 8);
        head[3] = Http2Frames.Data;
        head[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
    }

    private static byte[] WindowUpdate(int stream, long increment)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, (int)increment);
        return Http2Frames.Frame(Http2Frames.WindowUpdate, 0, stream, payload);
    }

    private Http2Stream Get(string target, string range, int status, Action<ReadOnlySpan<byte>>? take) => Begin(status, take, endStream: true, [
        .. Http2Frames.Get(target, isTls: true), .. range.Length > 0 ? Http2Frames.Literal(0, range, "range") : [],
    ]);

    private Http2Stream Begin(int status, Action<ReadOnlySpan<byte>>? take, bool endStream, byte[] headers)
    {
        var stream = new Http2Stream(_nextStream, status, take) { SendWindow = _initialSendWindow };
        _nextStream += 2;
        _streams[stream.Id] = stream;
        _link.Send(Http2Frames.Frame(Http2Frames.Headers, (byte)(Http2Frames.EndHeaders | (endStream ? Http2Frames.EndStream : 0)), stream.Id, headers));
        return stream;
    }

    private void Finish(IReadOnlyList<Http2Stream> streams)
    {
        while (streams.Any(stream => !stream.IsOver))
        {
            ReadFrame();
        }

        foreach (var stream in streams)
        {
            _streams.Remove(stream.Id);
        }
    }

    private void ReadFrame()
    {
        var head = Next(HeadSize);
        var length = BinaryPrimitives.ReadInt32BigEndian(head) >>> 8;
        var (type, flags, id) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head[5..]) & int.MaxValue);
        if (type == Http2Frames.Data)
        {
            ReadData(_streams[id], length);
        }
        else
        {
            ReadControl(type, flags, id, Next(length));
        }

        if (id != 0 && type is Http2Frames.Data or Http2Frames.Headers && (flags & Http2Frames.EndStream) != 0)
        {
            _streams[id].IsOver = true;
        }
    }

    private void ReadControl(byte type, byte flags, int id, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case Http2Frames.Headers:
                _streams[id].Answer(payload);
                break;
            case Http2Frames.Settings when (flags & Http2Frames.Acknowledgement) == 0:
                Apply(payload);
                break;
            case Http2Frames.Ping when (flags & Http2Frames.Acknowledgement) == 0:
                _link.Send(Http2Frames.Frame(Http2Frames.Ping, Http2Frames.Acknowledgement, 0, payload.ToArray()));
                break;
            case Http2Frames.WindowUpdate when id == 0:
                _sendWindow += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
            case Http2Frames.WindowUpdate when _streams.TryGetValue(id, out var stream):
                stream.SendWindow += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
            case Http2Frames.Reset or Http2Frames.GoAway:
                throw new IOException($"The server ended stream {id} with frame {type}: {Convert.ToHexString(payload)}.");
            default:
                break;
        }
    }

    private void Apply(ReadOnlySpan<byte> settings)
    {
        for (; settings.Length >= 6; settings = settings[6..])
        {
            var (name, value) = (BinaryPrimitives.ReadInt16BigEndian(settings), BinaryPrimitives.ReadUInt32BigEndian(settings[2..]));
            if (name == Http2Frames.MaxFrameSize)
            {
                _frame = (int)Math.Min(value, LargestFrame);
            }
            else if (name == Http2Frames.InitialWindowSize)
            {
                var before = _initialSendWindow;
                _initialSendWindow = value;
                foreach (var stream in _streams.Values)
                {
                    stream.SendWindow += _initialSendWindow - before;
                }
            }
        }

        _hasSettings = true;
        _link.Send(Http2Frames.Frame(Http2Frames.Settings, Http2Frames.Acknowledgement, 0, []));
    }

    private void ReadData(Http2Stream stream, int length)
    {
        for (var left = length; left > 0;)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = _link.Receive(_buffer);
            }

            var piece = _buffer.AsSpan(_start, Math.Min(left, _end - _start));
            stream.Take(piece);
            _start += piece.Length;
            left -= piece.Length;
        }

        if ((_unreturned += length) >= ConnectionWindow / 2)
        {
            _link.Send(WindowUpdate(0, _unreturned));
            _unreturned = 0;
        }

        if ((stream.Unreturned += length) >= _window / 2)
        {
            _link.Send(WindowUpdate(stream.Id, stream.Unreturned));
            stream.Unreturned = 0;
        }
    }

    private ReadOnlySpan<byte> Next(int count)
    {
        if (_buffer.Length - _start < count)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        while (_end - _start < count)
        {
            _end += _link.Receive(_buffer.AsSpan(_end));
        }

        _start += count;
        return _buffer.AsSpan(_start - count, count);
    }
}
