namespace Registry.Storage.Sqlite.Writer;

/// <summary>Change of the database that waits for the writer.</summary>
/// <param name="turn">Its place in the queue.</param>
/// <param name="isDurable">True if it must survive a power cut.</param>
internal abstract class SqliteMutation(WriteTurn turn, bool isDurable)
{
    /// <summary>Place in the queue.</summary>
    public WriteTurn Turn => turn;

    /// <summary>True if it must survive a power cut.</summary>
    public bool IsDurable => isDurable;

    /// <summary>Exception that it threw; null if it did not.</summary>
    public Exception? Fault { get; protected set; }

    /// <summary>Next change of the same repository in the queue.</summary>
    public SqliteMutation? Next { get; set; }

    /// <summary>Runs it, perhaps a second time; false if its changes must be rolled back.</summary>
    public abstract bool Run(SqliteSession session);

    /// <summary>Completes the caller's task; a fault here is one of the whole transaction.</summary>
    public abstract void Complete(Exception? fault);
}
