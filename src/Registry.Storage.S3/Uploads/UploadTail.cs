using System.Security.Cryptography;
using Registry.Core.Storage;
using Registry.Storage.S3.Blobs;

namespace Registry.Storage.S3.Uploads;

/// <summary>
/// End of an upload in memory: bytes that the store does not have yet, after those of the rest when more have followed it. They leave memory as a part when they
/// fill one, or when another upload needs the memory.
/// </summary>
/// <param name="site">What all uploads share.</param>
/// <param name="holder">The upload, for the memory.</param>
/// <param name="take">Takes the upload for this process.</param>
internal sealed class UploadTail(UploadSite site, IBlockHolder holder, Func<Task<StoredUpload>> take) : IDisposable
{
    private readonly PartBuffer _buffer = new(site.Memory);
    private readonly LinkedListNode<IBlockHolder> _place = new(holder);
    private bool _isReloading;

    /// <summary>Number of bytes.</summary>
    public int Length => _buffer.Length;

    /// <summary>The bytes.</summary>
    public PartBuffer Bytes => _buffer;

    /// <summary>True if the bytes begin with those of the rest.</summary>
    public bool HasRest { get; private set; }

    /// <summary>True if the bytes differ from those of the store.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Appends bytes, some of which leave memory at once.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="hash">Receives them, too; null for none.</param>
    public async Task AppendAsync(ReadOnlyMemory<byte> data, IncrementalHash? hash)
    {
        while (!data.IsEmpty)
        {
            if (_buffer.Length == site.PartSize)
            {
                await (await take()).SendPartAsync(_buffer);
                Drop();
            }

            if (_buffer.IsFull)
            {
                await GrowAsync();
            }

            var free = _buffer.Free;
            var count = Math.Min(Math.Min(free.Length, data.Length), site.PartSize - _buffer.Length);
            data.Span[..count].CopyTo(free.Span);
            hash?.AppendData(data.Span[..count]);
            _buffer.Advance(count);
            IsChanged = true;
            data = data[count..];
        }

        site.Memory.Touch(_place);
    }

    /// <summary>Reads the rest back, so that what follows becomes a part with it.</summary>
    /// <returns>False if the store does not have it any more.</returns>
    public async Task<bool> TryLoadRestAsync(StoredUpload stored)
    {
        if (HasRest || stored.State.Rest is not { } rest)
        {
            return true;
        }

        await using var source = await S3Source.OpenAsync(site.Client, rest.Key, CancellationToken.None);
        if (source?.Length != rest.Length)
        {
            return false;
        }

        while (_buffer.Length < rest.Length)
        {
            if (_buffer.IsFull)
            {
                // This may have taken back all of them.
                await GrowAsync();
                continue;
            }

            var free = _buffer.Free;
            var wanted = free[..(int)Math.Min(free.Length, rest.Length - _buffer.Length)];
            _buffer.Advance(await source.ReadAsync(wanted, _buffer.Length, rest.Length, CancellationToken.None));
        }

        return HasRest = true;
    }

    /// <summary>Sends the bytes. They stay in memory until the store has them.</summary>
    /// <param name="mayBePart">False if an upload without parts gets none, since it may end here.</param>
    public async Task SendAsync(bool mayBePart)
    {
        if (IsChanged)
        {
            var stored = await take();
            await (_buffer.Length >= StoredUpload.MinPart && (mayBePart || stored.State.Parts.Count > 0)
                ? stored.SendPartAsync(_buffer)
                : stored.SendRestAsync(_buffer));
        }

        Drop();
    }

    /// <summary>Drops the bytes after a position in memory.</summary>
    /// <param name="length">The position.</param>
    /// <param name="rest">Number of the bytes that the store has of them.</param>
    public void Truncate(int length, long rest)
    {
        IsChanged = length != rest;
        _buffer.Truncate(length);
    }

    /// <summary>Drops all bytes from memory.</summary>
    public void Drop()
    {
        _buffer.Dispose();
        (HasRest, IsChanged) = (false, false);
        site.Memory.Leave(_place);
    }

    /// <inheritdoc/>
    public void Dispose() => Drop();

    private async Task GrowAsync()
    {
        while (true)
        {
            if ((site.Memory.TryRent() ?? await site.Memory.TryRentAsync()) is { } block)
            {
                _buffer.Add(block);
                return;
            }

            if (await site.Memory.ReclaimAsync() || _isReloading || _buffer.Length == 0)
            {
                continue;
            }

            // Every other upload waits, too. One at a time takes its bytes back and goes on; the others have none meanwhile.
            await SendAsync(mayBePart: true);
            using var reload = await site.Memory.BeginReloadAsync();
            _isReloading = true;
            try
            {
                if (!await TryLoadRestAsync(await take()))
                {
                    throw new StorageException($"S3: bytes of an upload are no longer in {site.Client.Address}");
                }

                if (_buffer.IsFull)
                {
                    await GrowAsync();
                }

                return;
            }
            finally
            {
                _isReloading = false;
            }
        }
    }
}
