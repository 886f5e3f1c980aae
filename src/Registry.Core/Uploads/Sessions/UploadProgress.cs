namespace Registry.Core.Uploads.Sessions;

/// <summary>Progress of an upload.</summary>
/// <param name="Session">The session.</param>
/// <param name="Length">Number of received bytes.</param>
/// <param name="IdleFor">Time since the last byte arrived; zero while a request uses the upload.</param>
public readonly record struct UploadProgress(StoredUploadSession Session, long Length, TimeSpan IdleFor);
