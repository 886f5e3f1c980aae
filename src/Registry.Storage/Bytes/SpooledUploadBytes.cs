using Registry.Core.Uploads;
using Registry.Storage.Files.Uploads;

namespace Registry.Storage.Bytes;

/// <summary>Uploads of an engine that cannot read what it has received: those that others follow have a copy on this machine meanwhile.</summary>
/// <param name="bytes">The uploads.</param>
/// <param name="spool">Keeps the copies.</param>
internal sealed class SpooledUploadBytes(IUploadBytes bytes, Spool spool) : IUploadBytes
{
    public long PositionLag => bytes.PositionLag;

    public ValueTask EnsureOpenAsync() => bytes.EnsureOpenAsync();

    public ValueTask EnsureRoomAsync() => bytes.EnsureRoomAsync();

    public IReadOnlyDictionary<Guid, long> Recover(IReadOnlyCollection<Guid> sessions) => bytes.Recover(sessions);

    public Task<long> TakeOverAsync(Guid id) => bytes.TakeOverAsync(id);

    public IUploadContent Open(Guid id, long length) => bytes.Open(id, length);

    public IFollowedContent OpenFollowed(Guid id) => spool.Follow(bytes.Open(id, 0));

    public Task DiscardAsync(Guid id) => bytes.DiscardAsync(id);
}
