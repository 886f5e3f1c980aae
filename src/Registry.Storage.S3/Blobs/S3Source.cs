using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Registry.Core.Blobs;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>
/// Bytes of an object, read from the answer of the store as they arrive. When an answer breaks off, or stalls, the copy goes on at the byte that it has reached,
/// if the object is still the one that was read before.
/// </summary>
internal sealed class S3Source : BlobSource
{
    // Fewer bytes are read and dropped rather than asked for again.
    private const long MaxSkip = 64 * 1024;

    private readonly S3Client _client;
    private readonly string _key;
    private EntityTagHeaderValue? _tag;
    private HttpResponseMessage? _answer;
    private Stream? _stream;
    private long _position;
    private long _end;

    private S3Source(S3Client client, string key, long length, Uri? location = null) =>
        (_client, _key, Length, Location) = (client, key, length, location);

    public override long Length { get; }

    public override Uri? Location { get; }

    /// <summary>An object that a client may read by itself. The store is asked for it when its bytes are copied.</summary>
    /// <param name="client">The bucket.</param>
    /// <param name="key">Key of the object.</param>
    /// <param name="length">Recorded size in bytes. An object of another size cannot be read.</param>
    /// <exception cref="StorageException">The store does not work.</exception>
    public static async ValueTask<BlobSource?> OfferAsync(S3Client client, string key, long length) =>
        new S3Source(client, key, length, await client.LinkForClientAsync(key));

    /// <summary>Opens an object with a request for all of it.</summary>
    /// <returns>Null if there is none.</returns>
    public static async ValueTask<S3Source?> OpenAsync(S3Client client, string key, CancellationToken cancellationToken)
    {
        var answer = await client.SendAsync(new S3Request(HttpMethod.Get, key) { Expected = HttpStatusCode.NotFound }, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            answer.Dispose();
            return null;
        }

        if (answer.Content.Headers.ContentLength is { } length)
        {
            return new S3Source(client, key, length) { _answer = answer, _tag = answer.Headers.ETag, _end = length };
        }

        answer.Dispose();
        throw new StorageException($"S3: {client.Address} has sent no length for {key}");
    }

    public override async Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        for (var end = offset + count; offset < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var memory = destination.GetMemory();
            var read = await ReadAsync(memory[..(int)Math.Min(memory.Length, end - offset)], offset, end, cancellationToken);
            destination.Advance(read);
            offset += read;
            if (offset < end && (await destination.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads some bytes, at least one.</summary>
    /// <param name="memory">Receives the bytes.</param>
    /// <param name="offset">Position of the first byte.</param>
    /// <param name="end">Position after the last byte that the caller wants, now or later.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async ValueTask<int> ReadAsync(Memory<byte> memory, long offset, long end, CancellationToken cancellationToken)
    {
        for (var faults = 1; ; faults++)
        {
            try
            {
                var stream = await SeekAsync(offset, end, cancellationToken);
                return await ReadSomeAsync(stream, memory, cancellationToken);
            }
            catch (Exception e) when (S3Attempts.IsFault(e, cancellationToken, out var fault))
            {
                Close();
                _client.Attempts.Note(fault);
                if (!fault.IsTransient || faults >= _client.Attempts.Limit)
                {
                    throw _client.Attempts.Describe(fault, e);
                }
            }

            await _client.Attempts.PauseAsync(faults, cancellationToken);
        }
    }

    // Returns an answer that continues at a position.
    private async ValueTask<Stream> SeekAsync(long offset, long end, CancellationToken cancellationToken)
    {
        if (_answer is null || offset < _position || offset >= _end || offset - _position > MaxSkip)
        {
            Close();
            _answer = await RequestAsync(offset, end, cancellationToken);
            (_position, _end) = (offset, end);
        }

        _stream ??= await _answer.Content.ReadAsStreamAsync(cancellationToken);
        var skipped = _position < offset ? new byte[offset - _position] : [];
        while (_position < offset)
        {
            await ReadSomeAsync(_stream, skipped.AsMemory(0, (int)(offset - _position)), cancellationToken);
        }

        return _stream;
    }

    private async ValueTask<int> ReadSomeAsync(Stream stream, Memory<byte> memory, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(_client.SilenceTimeout);
        var read = await stream.ReadAsync(memory, silence.Token);
        if (read == 0)
        {
            throw new IOException("The answer has ended too early.");
        }

        _position += read;
        _client.Metrics.Received(read);
        return read;
    }

    private async Task<HttpResponseMessage> RequestAsync(long offset, long end, CancellationToken cancellationToken)
    {
        var request = new S3Request(HttpMethod.Get, _key) { Range = new RangeHeaderValue(offset, end - 1), IfMatch = _tag, Expected = HttpStatusCode.NotFound };
        var answer = await _client.SendAsync(request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange is { } range && range.From == offset && range.Length == Length)
        {
            _tag ??= answer.Headers.ETag;
            return answer;
        }

        var status = answer.StatusCode;
        answer.Dispose();
        throw new StorageException(status == HttpStatusCode.NotFound
            ? $"S3: the object {_key} in {_client.Address} does not exist any more"
            : $"S3: {_client.Address} has answered a request for a range of {_key} with {(int)status}, or with another range");
    }

    /// <summary>Ends the request that is under way. The next read begins another one.</summary>
    public void Close()
    {
        _stream?.Dispose();
        _answer?.Dispose();
        (_stream, _answer) = (null, null);
    }
}
