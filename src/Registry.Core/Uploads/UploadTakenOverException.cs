namespace Registry.Core.Uploads;

/// <summary>Another request has taken over the upload, whose body had stopped (<see cref="UploadStore.TryTakeOver"/>).</summary>
public sealed class UploadTakenOverException : Exception
{
    public UploadTakenOverException()
        : base("another request has taken over the upload")
    {
    }

    public UploadTakenOverException(string message)
        : base(message)
    {
    }

    public UploadTakenOverException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
