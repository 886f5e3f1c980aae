using Registry.Core.Uploads;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Bytes;

/// <summary>Uploads whose bytes leave the machine: what the metadata records of them still needs room on the disk of the data folder.</summary>
/// <param name="bytes">The uploads.</param>
/// <param name="admission">Refuses while the disk, or the database, takes no writes.</param>
internal sealed class AdmittedUploadBytes(IUploadBytes bytes, Admission admission) : IUploadBytes
{
    public long PositionLag => bytes.PositionLag;

    public async ValueTask EnsureOpenAsync()
    {
        await admission.EnsureOpenAsync();
        await bytes.EnsureOpenAsync();
    }

    public async ValueTask EnsureRoomAsync()
    {
        await admission.EnsureRoomAsync();
        await bytes.EnsureRoomAsync();
    }

    public IReadOnlyDictionary<Guid, long> Recover(IReadOnlyCollection<Guid> sessions) => bytes.Recover(sessions);

    public Task<long> TakeOverAsync(Guid id) => bytes.TakeOverAsync(id);

    public IUploadContent Open(Guid id, long length) => bytes.Open(id, length);

    public Task DiscardAsync(Guid id) => bytes.DiscardAsync(id);
}
