namespace Registry.Storage.S3.Uploads;

/// <summary>Holder of blocks of <see cref="UploadMemory"/>.</summary>
internal interface IBlockHolder
{
    /// <summary>Puts its bytes away and returns its blocks, if it is not in use.</summary>
    /// <returns>True if it has returned any.</returns>
    Task<bool> TryGiveWayAsync();
}
