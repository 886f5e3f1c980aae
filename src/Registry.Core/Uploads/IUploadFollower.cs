namespace Registry.Core.Uploads;

/// <summary>Follows a push while its bytes arrive.</summary>
public interface IUploadFollower
{
    /// <summary>The push begins. Until it ends, <see cref="Upload.OpenReceivedAsync"/> opens what has arrived.</summary>
    void Begin(Upload upload);

    /// <summary>All bytes have arrived and have the digest. They become durable next.</summary>
    void Verified();
}
