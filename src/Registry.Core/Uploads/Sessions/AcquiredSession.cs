namespace Registry.Core.Uploads.Sessions;

/// <summary>A session that a process has acquired for one of its requests.</summary>
/// <param name="Session">The session, in its new generation.</param>
/// <param name="MustTakeOver">
/// True if another process may have changed the bytes, or the request before did not release the session: the process takes the bytes over
/// (<see cref="IUploadBytes.TakeOverAsync"/>), and learns how many there are. The row may be behind them.
/// </param>
public readonly record struct AcquiredSession(StoredUploadSession Session, bool MustTakeOver);
