using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>
/// The tables <c>object_keys</c>, <c>upload_objects</c> and <c>upload_parts</c>, and the marks of the store in <c>meta</c>. Its commits do not wait for the disk. A change counts once when it is made again
/// after a lost answer, so all but the end of an upload take one round trip, and are repeated.
/// </summary>
/// <remarks>
/// Processes that delete what is due share no lock: several may list the same objects, delete them and forget their keys. That does no harm, since a key is never used
/// again, and no transaction waits for the store.
/// </remarks>
public sealed class PostgresObjectLedger(PostgresDatabase database) : IObjectLedger
{
    public Task AddAsync(string key) => WriteAsync(session => ObjectRows.Add(session, key));

    public Task<bool> AddAsync(ObjectLease lease, string key, string? multipart) =>
        ChangeAsync(session => ObjectRows.Add(session, lease, database.Process, key, multipart));

    public async Task<UploadObjects> TakeAsync(Guid upload, Guid holder)
    {
        var (taken, parts) = await SendAsync(session => ObjectRows.Take(session, upload, database.Process, holder));
        return taken.Count > 0 ? taken[0] with { Parts = parts } : throw new StorageException(UploadLease.Lost) { IsTransient = true };
    }

    public Task<bool> SaveAsync(UploadObjects objects, int known)
    {
        ArgumentNullException.ThrowIfNull(objects);
        return ChangeAsync(session => ObjectRows.Save(session, objects, database.Process, known));
    }

    public Task<IReadOnlyList<CondemnedObject>?> EndAsync(ObjectLease lease, string? blob) =>
        EndAsync(session => ObjectRows.Lock(session, lease, database.Process), lease.Upload, blob);

    public Task<IReadOnlyList<CondemnedObject>?> EndAsync(Guid upload, Guid holder) =>
        EndAsync(session => ObjectRows.Lock(session, upload, holder), upload, blob: null);

    public IReadOnlyDictionary<Guid, long> TakeAll(IReadOnlyCollection<Guid> uploads, Guid holder)
    {
        var lengths = database.WriteAsync<List<KeyValuePair<Guid, long>>>(
            async session =>
            {
                var free = ObjectRows.LockFree(session, database.Process);
                await session.SendAsync();
                var found = free.ToLookup(row => uploads.Contains(row.Upload));
                ObjectRows.End(session, [.. found[false].Where(row => row.IsOver).Select(row => row.Upload)], blob: null);
                return ObjectRows.TakeAll(session, [.. found[true].Select(row => row.Upload)], database.Process, holder);
            },
            isDurable: false,
            isRepeatable: true).GetAwaiter().GetResult().Value;
        return lengths.Where(upload => upload.Value > 0).ToDictionary();
    }

    public Task CondemnAsync(IReadOnlyCollection<string> keys, TimeSpan after) =>
        WriteAsync(session => ObjectRows.Condemn(session, [.. keys], (long)after.TotalSeconds));

    public async Task<string?> CondemnUnknownAsync(string? last, int limit, TimeSpan after)
    {
        var keys = await database.ReadAsync(session => ObjectRows.ListAsync(session, last, limit));
        if (keys.Count > 0)
        {
            await WriteAsync(session => ObjectRows.CondemnUnknown(session, [.. keys], (long)after.TotalSeconds));
        }

        return keys.Count < limit ? null : keys[^1];
    }

    public async Task<IReadOnlyList<CondemnedObject>> ListDueAsync(int limit) => await database.ReadAsync(session => ObjectRows.ListDueAsync(session, limit));

    public async Task<WaitingObjects> ReadWaitingAsync() => await database.ReadAsync(ObjectRows.ReadWaitingAsync) ?? WaitingObjects.None;

    public Task ForgetAsync(IReadOnlyCollection<string> keys) => WriteAsync(session => ObjectRows.Forget(session, [.. keys]));

    public Task<StoreMarks> ReadMarksAsync() => database.ReadAsync(MetaRows.ReadMarksAsync);

    public async Task<bool> AddMarkAsync(long newest, long mark) =>
        (await database.WriteAsync<List<bool>>(session => Task.FromResult<Result<List<bool>>>(MetaRows.AddMark(session, newest, mark)))).Value.Count > 0;

    // A repetition could not tell what is due. So the commit is sent when the lock is there: a connection that is cut before, as after a restart of the server, is
    // no fault.
    private async Task<IReadOnlyList<CondemnedObject>?> EndAsync(Func<PostgresSession, List<bool>> take, Guid upload, string? blob)
    {
        var ended = await database.WriteAsync<List<CondemnedObject>?>(
            async session =>
            {
                var held = take(session);
                await session.SendAsync();
                if (held.Count == 0)
                {
                    session.Abandon();
                    return (List<CondemnedObject>?)null;
                }

                return ObjectRows.End(session, [upload], blob);
            },
            isDurable: false);
        return ended.Value;
    }

    // The statements that decide return a row if the process has the upload.
    private async Task<bool> ChangeAsync(Func<PostgresSession, List<bool>> change) => (await SendAsync(change)).Count > 0;

    // Sends all statements with the commit, which brings their rows.
    private async Task<T> SendAsync<T>(Func<PostgresSession, T> change) =>
        (await database.WriteAsync<T>(session => Task.FromResult<Result<T>>(change(session)), isDurable: false, isRepeatable: true)).Value;

    private Task WriteAsync(Action<PostgresSession> change) => database.WriteAsync(change, isDurable: false, isRepeatable: true);
}
