using Registry.Core.Objects;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The tables <c>object_keys</c>, <c>upload_objects</c> and <c>upload_parts</c>, and the marks of the store in <c>meta</c>.</summary>
public sealed class SqliteObjectLedger(SqliteDatabase database) : IObjectLedger
{
    private const string NewestMark = "store_mark";
    private const string PreviousMark = "store_mark_before";

    public Task AddAsync(string key) => database.WriteUnsyncedAsync(connection => ObjectRows.Add(connection, key));

    public Task<bool> AddAsync(ObjectLease lease, string key, string? multipart) =>
        WriteAsync(connection => ObjectRows.Add(connection, lease, key, multipart));

    public async Task<UploadObjects> TakeAsync(Guid upload, Guid holder)
    {
        UploadObjects? taken = null;
        await database.WriteUnsyncedAsync(connection => taken = ObjectRows.Take(connection, upload, holder));
        return taken!;
    }

    public Task<bool> SaveAsync(UploadObjects objects, int known)
    {
        ArgumentNullException.ThrowIfNull(objects);
        return WriteAsync(connection => ObjectRows.Save(connection, objects, known));
    }

    public Task<IReadOnlyList<CondemnedObject>?> EndAsync(ObjectLease lease, string? blob) =>
        EndAsync(connection => ObjectRows.End(connection, lease, blob, database.Clock.Now));

    public Task<IReadOnlyList<CondemnedObject>?> EndAsync(Guid upload, Guid holder) =>
        EndAsync(connection => ObjectRows.End(connection, upload, holder, database.Clock.Now));

    public IReadOnlyDictionary<Guid, long> TakeAll(IReadOnlyCollection<Guid> uploads, Guid holder)
    {
        IReadOnlyDictionary<Guid, long>? lengths = null;
        database.WriteUnsyncedAsync(connection => lengths = ObjectRows.TakeAll(connection, uploads, holder, database.Clock.Now)).GetAwaiter().GetResult();
        return lengths!;
    }

    public Task CondemnAsync(IReadOnlyCollection<string> keys, TimeSpan after)
    {
        var due = database.Clock.Now + (long)after.TotalSeconds;
        return database.WriteUnsyncedAsync(connection => ObjectRows.Condemn(connection, keys, due));
    }

    public async Task<string?> CondemnUnknownAsync(string? last, int limit, TimeSpan after)
    {
        var keys = await database.ReadAsync(connection => ObjectRows.List(connection, last, limit));
        if (keys.Count > 0)
        {
            var due = database.Clock.Now + (long)after.TotalSeconds;
            await database.WriteUnsyncedAsync(connection => ObjectRows.CondemnUnknown(connection, keys, due), new WriteTurn(default, keys.Count));
        }

        return keys.Count < limit ? null : keys[^1];
    }

    public async Task<IReadOnlyList<CondemnedObject>> ListDueAsync(int limit)
    {
        var now = database.Clock.Now;
        return await database.ReadAsync(connection => ObjectRows.ListDue(connection, now, limit));
    }

    public async Task<WaitingObjects> ReadWaitingAsync()
    {
        var now = database.Clock.Now;
        return await database.ReadAsync(connection => ObjectRows.ReadWaiting(connection, now));
    }

    public Task ForgetAsync(IReadOnlyCollection<string> keys) => database.WriteUnsyncedAsync(connection => ObjectRows.Forget(connection, keys));

    public Task<StoreMarks> ReadMarksAsync() => database.ReadAsync(ReadMarks);

    public async Task<bool> AddMarkAsync(long newest, long mark)
    {
        var isAdded = false;
        await database.WriteAsync(connection =>
        {
            isAdded = ReadMarks(connection).Newest == newest;
            if (isAdded)
            {
                SqliteDatabase.WriteMeta(connection, NewestMark, mark);
                SqliteDatabase.WriteMeta(connection, PreviousMark, newest);
            }
        });
        return isAdded;
    }

    private static StoreMarks ReadMarks(SqliteSession connection) =>
        new(SqliteDatabase.ReadMeta(connection, NewestMark) ?? 0, SqliteDatabase.ReadMeta(connection, PreviousMark) ?? 0);

    private async Task<IReadOnlyList<CondemnedObject>?> EndAsync(Func<SqliteSession, IReadOnlyList<CondemnedObject>?> end)
    {
        IReadOnlyList<CondemnedObject>? due = null;
        await database.WriteUnsyncedAsync(connection => due = end(connection));
        return due;
    }

    private async Task<bool> WriteAsync(Func<SqliteSession, bool> change)
    {
        var isDone = false;
        await database.WriteUnsyncedAsync(connection => isDone = change(connection));
        return isDone;
    }
}
